import { zipSync } from 'fflate';

/** The codes of drugs. The directory and CDER each have codes of their own, and some codes in common. */
const codes = (from: number, to: number) =>
  Array.from({ length: to - from }, (_unused, index) => `0${from + index}-${1000 + from + index}`);

/** Names with characters that cp1252 and ISO-8859-1 encode differently, and with quotes that are part of the text. */
const NAMES = [
  'Œuvrex', 'Caféine™', 'Zürisol', 'Pain “Plus”', 'Half "Strength"', '€uromed', 'Aspirin, coated', "L'été",
];
const nameOf = (code: string, index: number) => `${NAMES[index % NAMES.length]} ${code.slice(-2)}`;

/** Every tenth drug ended on a day that does not exist. */
const IMPOSSIBLE_DATES = ['20230231', '20231301', '20240431'];

const csvField = (text: string) => /[",]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;

/** CSV with spaces in its header. */
export const DRUG_DIRECTORY = [
  'NDC Code,Proprietary Name,Marketing Start Date,Marketing End Date,Unit Price',
  ...codes(100, 160).map((code, index) => [
    code,
    nameOf(code, index),
    `20${10 + index % 14}${String(index % 12 + 1).padStart(2, '0')}${String(index % 28 + 1).padStart(2, '0')}`,
    index % 20 === 7 ? IMPOSSIBLE_DATES[Math.floor(index / 20)] : index % 3 === 0 ? '20251231' : '',
    `${index * 3}.${String(index % 100).padStart(2, '0')}`,
  ].map(csvField).join(',')),
  '',
].join('\r\n');

const PRODUCTS = codes(140, 190).map(
  (code, index) => ({ id: `${code}_${7000 + index}`, code, name: nameOf(code, index) }),
);

/** Text delimited by tabs. The source encodes it as cp1252. */
export const CDER_PRODUCTS = [
  'PRODUCTID\tPRODUCTNDC\tPROPRIETARYNAME\tSTARTMARKETINGDATE',
  ...PRODUCTS.map(({ id, code, name }, index) => [id, code, name, `2015-0${index % 9 + 1}-17`].join('\t')),
  '',
].join('\r\n');

const PACKAGES = PRODUCTS.flatMap(({ id, code }, index) =>
  Array.from({ length: index % 3 + 1 }, (_unused, number) => ({ id, code: `${code}-0${number + 1}`, number })));

export const CDER_PACKAGES = [
  'PRODUCTID\tNDCPACKAGECODE\tPACKAGEDESCRIPTION',
  ...PACKAGES.map(({ id, code, number }) => [id, code, `${number + 1} BOTTLE, 5" TALL, "A"`].join('\t')),
  '',
].join('\r\n');

/** The identifiers of the concepts. All but the last five have a package. */
const CONCEPTS = Array.from({ length: 40 }, (_unused, index) => `${310000 + index * 7}`);

/** RRF: no header, fields delimited by `|`, and a delimiter at the end of each line. */
const rrf = (rows: string[][]) => rows.map(row => `${row.join('|')}|\n`).join('');
const concepts = (rxcuis: string[]) => rrf(rxcuis.flatMap((rxcui, index) => [
  [rxcui, 'ENG', 'SCD', `0${index}`, `substance ${index} 5 MG "Oral" Tablet`],
  [rxcui, 'ENG', 'SY', `0${index}`, index % 4 === 0 ? '' : `other name, ${index}`],
]));

export const RXNCONSO = concepts(CONCEPTS);
export const PRESCRIBABLE = concepts(CONCEPTS.slice(0, 12));
export const RXNSAT = rrf(CONCEPTS.slice(0, -5).flatMap((rxcui, index) => [
  [rxcui, 'NDC', PACKAGES[index * 2].code.replace(/-/g, '')],
  [rxcui, 'COLOR', index % 2 === 0 ? 'WHITE' : 'RED'],
]));

/** The classes of drugs. All classes after the second one are empty, which the service indicates in different ways. */
export const CLASSES = ['A01', 'B02', 'C03', 'D04', 'E05', 'F06'].map(
  classId => ({ classId, className: `Class ${classId}`, classType: 'ATC1-4' }),
);
export const CLASSES_RESPONSE = { userInput: {}, rxclassMinConceptList: { rxclassMinConcept: CLASSES } };

const member = (rxcui: string) => ({
  minConcept: { rxcui, name: `drug ${rxcui}`, tty: 'IN' },
  nodeAttr: [{ attrName: 'SourceId', attrValue: `S${rxcui}` }],
});

/** The response with the members of each class, keyed by class. */
export const MEMBERS_RESPONSES: { readonly [classId: string]: unknown } = {
  A01: { drugMemberGroup: { drugMember: CONCEPTS.slice(0, 5).map(member) } },
  B02: { drugMemberGroup: { drugMember: CONCEPTS.slice(3, 9).map(member) } },
  C03: { drugMemberGroup: { drugMember: [] } },
  D04: {},
  E05: { userInput: { classId: 'E05' } },
  F06: { drugMemberGroup: null },
};

/** The properties of the first concepts. The service has none for the others. */
export const PROPERTIES: { readonly [rxcui: string]: { propName: string; propValue: string }[] } = Object.fromEntries(
  CONCEPTS.slice(0, 20).map((rxcui, index) => [rxcui, [
    { propName: 'RxNorm Name', propValue: `substance ${index}, 5 MG` },
    { propName: 'Überprüft', propValue: index % 2 === 0 ? 'Y' : 'N' },
  ]]),
);

/** The date of the last price file, which is published two days later. */
export const PRICES_DATE = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);

export const UNIT_PRICES = [
  'package_code,price,unit',
  ...PACKAGES.map(({ code }, index) => `${code},${5 + index}.${String(index * 7 % 100).padStart(2, '0')},EA`),
  '',
].join('\n');

/** JSON Lines. The keys of the records differ. */
export const ADVERSE_EVENTS = Array.from({ length: 30 }, (_unused, index) => `${JSON.stringify({
  id: index + 1,
  rxcui: CONCEPTS[index % 10],
  reactions: ['Nausea', 'Übelkeit, leicht', 'Rash'].slice(0, index % 4),
  ...(index % 2 === 0 && { serious: index % 3 === 0 }),
  reported: `2024-05-${String(index % 28 + 1).padStart(2, '0')}`,
})}\n`).join('');

/**
 * The formulary at each of three runs.
 *
 * The second inserts D and E, updates B and deletes C. The third deletes A, updates B again, inserts C again and
 * changes the empty name of E.
 */
export const FORMULARIES = [
  ['A,Amoxicillin,1,5.00', 'B,Benazepril,1,10.00', 'C,Captopril,2,12.50', 'Z,Zolpidem,4,40.00'],
  ['A,Amoxicillin,1,5.00', 'B,Benazepril,2,10.00', 'D,Digoxin,1,7.25', 'E,,3,30.00', 'Z,Zolpidem,4,40.00'],
  ['B,Benazepril,2,11.00', 'C,Captopril,2,12.50', 'D,Digoxin,1,7.25', 'E,Enalapril,3,30.00', 'Z,Zolpidem,4,40.00'],
].map(rows => ['code,name,tier,copay', ...rows, ''].join('\n'));

/** Versions that another tool recorded: closed, current (both kinds of open ends) and deleted. */
export const FORMULARY_VERSIONS = [
  'code,name,tier,copay,valid_from,valid_to',
  'A,Amoxicillin,1,4.00,2019-01-01,2021-06-01',
  'A,Amoxicillin,1,5.00,2021-06-01,9999-12-31',
  'B,Benazepril,1,9.00,2020-02-29,',
  'W,Warfarin,2,8.00,2018-01-01,2020-01-01',
  '',
].join('\n');

export const RATES = { EUR: '0.9200', JPY: '150.2500', USD: '1.0000' };
export const RATES_XML = `<?xml version="1.0" encoding="UTF-8"?><rates>${
  Object.entries(RATES).map(([currency, value]) => `<rate currency="${currency}" value="${value}"/>`).join('')
}</rates>`;

const CP1252: { readonly [character: string]: number } = {
  '€': 0x80, '“': 0x93, '”': 0x94, '™': 0x99, 'Œ': 0x8c,
};

/** The bytes of a text in cp1252. */
function cp1252(text: string): Buffer {
  return Buffer.from([...text].map(character => CP1252[character] ?? character.charCodeAt(0)));
}

export const DRUG_DIRECTORY_ZIP = zipSync({ 'Drug Directory.csv': Buffer.from(DRUG_DIRECTORY) });
export const CDER_ZIP = zipSync({
  'product.txt': cp1252(CDER_PRODUCTS),
  'package.txt': Buffer.from(CDER_PACKAGES, 'ascii'),
});
export const RXNORM_ZIP = zipSync({
  'Readme_Full.txt': Buffer.from('This release contains the files of RxNorm.\n'),
  'rrf/RXNCONSO.RRF': Buffer.from(RXNCONSO),
  'rrf/RXNSAT.RRF': Buffer.from(RXNSAT),
  'prescribe/RXNCONSO.RRF': Buffer.from(PRESCRIBABLE),
});
