import {
  ADVERSE_EVENTS,
  CDER_PACKAGES,
  CDER_PRODUCTS,
  CLASSES_RESPONSE,
  DRUG_DIRECTORY,
  FORMULARIES,
  FORMULARY_VERSIONS,
  MEMBERS_RESPONSES,
  PRESCRIBABLE,
  PRICES_DATE,
  PROPERTIES,
  RATES,
  RXNCONSO,
  RXNSAT,
  UNIT_PRICES,
} from './source-files';

/** A row with all values as text. */
export type Row = { readonly [column: string]: string | null };

/** The fields of the lines of a text. In CSV, a quoted field can contain commas and doubled quotes. */
function fieldsOf(text: string, delimiter: string): (string | null)[][] {
  const lines = text.split(/\r?\n/).filter(line => line !== '');
  return lines.map(line => {
    const fields = delimiter === ','
      ? [...`${line},`.matchAll(/(?:"((?:[^"]|"")*)"|([^",]*)),/g)].map(
        ([, quoted, plain]) => quoted?.replace(/""/g, '"') ?? plain,
      )
      : line.split(delimiter);
    return fields.map(field => field === '' ? null : field);
  });
}

/** The rows of a text with these columns, without its header. */
function rowsOf(text: string, delimiter: string, columns: string[], hasHeader = true): Row[] {
  const rows = fieldsOf(text, delimiter).slice(hasHeader ? 1 : 0);
  return rows.map(fields => Object.fromEntries(columns.map((column, index) => [column, fields[index] ?? null])));
}

/** Converts a date from `yyyyMMdd` to ISO 8601. Undefined if the calendar does not have the date. */
function dateOf(text: string): string | undefined {
  const date = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
  const parsed = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date) ? date : undefined;
}

const ofBronze = (rows: Row[]): Row[] => rows.map(row => ({ ...row, meta_rescued: null }));

const directory: Row[] = rowsOf(DRUG_DIRECTORY, ',', [
  'ndc_code', 'proprietary_name', 'started_on', 'ended_on', 'unit_price',
]).map(row => {
  const ended = row.ended_on === null ? null : dateOf(row.ended_on);
  return {
    ...row,
    started_on: dateOf(row.started_on!)!,
    ended_on: ended ?? null,
    meta_rescued: ended === undefined ? `{"ended_on": "${row.ended_on}"}` : null,
  };
});
const products = ofBronze(rowsOf(CDER_PRODUCTS, '\t', [
  'productid', 'productndc', 'proprietaryname', 'startmarketingdate',
]));
const packages = ofBronze(rowsOf(CDER_PACKAGES, '\t', ['productid', 'ndcpackagecode', 'packagedescription']));
const CONCEPT_COLUMNS = ['rxcui', 'language', 'term_type', 'code', 'name'];
const concepts = ofBronze(rowsOf(RXNCONSO, '|', CONCEPT_COLUMNS, false));
const attributes = ofBronze(rowsOf(RXNSAT, '|', ['rxcui', 'atn', 'atv'], false));
const prices = ofBronze(rowsOf(UNIT_PRICES, ',', ['package_code', 'price', 'unit']));

const classes = CLASSES_RESPONSE.rxclassMinConceptList.rxclassMinConcept;

interface Member {
  readonly minConcept: { readonly rxcui: string; readonly name: string; readonly tty: string };
  readonly nodeAttr: { readonly attrName: string; readonly attrValue: string }[];
}

const members = Object.entries(MEMBERS_RESPONSES).flatMap(([classId, response]) => {
  const { drugMemberGroup } = response as { drugMemberGroup?: { drugMember?: Member[] } | null };
  return (drugMemberGroup?.drugMember ?? []).map(each => ({ classId, ...each }));
});

interface Report {
  readonly id: number;
  readonly rxcui: string;
  readonly reactions: string[];
  readonly serious?: boolean;
  readonly reported: string;
}

const reports = ADVERSE_EVENTS.trim().split('\n').map(line => JSON.parse(line) as Report);

const drugs: Row[] = packages.map(({ productid, ndcpackagecode }) => {
  const attribute = attributes.find(({ atn, atv }) => atn === 'NDC' && atv === ndcpackagecode!.replace(/-/g, ''));
  const concept = concepts.find(({ rxcui, term_type: type }) => rxcui === attribute?.rxcui && type === 'SCD');
  return {
    package_code: ndcpackagecode,
    product: products.find(each => each.productid === productid)!.proprietaryname,
    rxcui: concept?.rxcui ?? null,
    concept: concept?.name ?? null,
  };
});

const publications: Row[] = [
  ...new Set([...directory.map(row => row.ndc_code!), ...products.map(row => row.productndc!)]),
].map(ndc => {
  const drug = directory.find(row => row.ndc_code === ndc);
  const product = products.find(row => row.productndc === ndc);
  return {
    ndc,
    directory_name: drug?.proprietary_name ?? null,
    product_name: product?.proprietaryname ?? null,
    started_on: drug?.started_on ?? null,
    is_in_directory: String(drug !== undefined),
    is_in_cder: String(product !== undefined),
  };
});

const classSizes: Row[] = classes.map(({ classId, className }) => {
  const rxcuis = members.filter(each => each.classId === classId).map(each => each.minConcept.rxcui);
  return {
    class_id: classId,
    class_name: className,
    drugs: String(new Set(rxcuis).size),
    reports: String(reports.filter(({ rxcui }) => rxcuis.includes(rxcui)).length),
  };
});

/** A number with decimals as an integer without the point. */
const unscaled = (text: string) => BigInt(text.replace('.', ''));

const priceReport: Row[] = [...new Set(drugs.map(each => each.product))].flatMap(product => {
  const packageCodes = drugs.filter(each => each.product === product).map(each => each.package_code);
  const [highest] = prices
    .filter(each => packageCodes.includes(each.package_code))
    .map(each => unscaled(each.price!))
    .sort((a, b) => a < b ? 1 : -1);
  return Object.entries(RATES).map(([currency, rate]) => {
    const cents = String((highest * unscaled(rate) + 5_000n) / 10_000n).padStart(3, '0');
    return { product, currency, highest_price: `${cents.slice(0, -2)}.${cents.slice(-2)}` };
  });
});

const initialVersions = rowsOf(
  FORMULARY_VERSIONS, ',', ['code', 'name', 'tier', 'copay', 'valid_from', 'valid_to'],
);

const formulary = (run: number) => rowsOf(FORMULARIES[run], ',', ['code', 'name', 'tier', 'copay']);

/** The rows of each table after the first run, keyed by table name. */
export const EXPECTED_TABLES: { readonly [table: string]: Row[] } = {
  'rx_lake_bronze.drug_directory': directory,
  'rx_lake_bronze.fda_cder_products': products,
  'rx_lake_bronze.fda_cder_packages': packages,
  'rx_lake_bronze.rxnorm_rxnconso': concepts,
  'rx_lake_bronze.rxnorm_rxnsat': attributes,
  'rx_lake_bronze.rxnorm_prescribable': ofBronze(rowsOf(PRESCRIBABLE, '|', CONCEPT_COLUMNS, false)),
  'rx_lake_bronze.drug_classes_classes': ofBronze(
    classes.map(each => ({ class_id: each.classId, class_name: each.className, class_type: each.classType })),
  ),
  'rx_lake_bronze.drug_classes_members': ofBronze(members.map(({ classId, minConcept, nodeAttr: [attribute] }) => ({
    class_id: classId,
    min_concept: JSON.stringify(minConcept),
    node_attr: JSON.stringify([{ attr_name: attribute.attrName, attr_value: attribute.attrValue }]),
  }))),
  'rx_lake_bronze.drug_classes_properties': ofBronze(
    [...new Set(drugs.flatMap(({ rxcui }) => rxcui ?? []))].flatMap(rxcui => (PROPERTIES[rxcui] ?? []).map(
      ({ propName, propValue }) => ({ rxcui, prop_name: propName, prop_value: propValue }),
    )),
  ),
  'rx_lake_bronze.unit_prices': prices.map(row => ({ ...row, meta_source_date: PRICES_DATE })),
  'rx_lake_bronze.adverse_events': ofBronze(reports.map(({ id, rxcui, reactions, serious, reported }) => ({
    id: String(id),
    rxcui,
    reactions: JSON.stringify(reactions),
    serious: serious === undefined ? null : String(serious),
    reported,
  }))),
  'rx_lake_bronze.formulary_current': ofBronze(formulary(0)),
  'rx_lake_bronze.formulary_versions': ofBronze(initialVersions),
  'rx_lake_bronze.exchange_rates': ofBronze(
    Object.entries(RATES).map(([currency, value]) => ({ currency, value })),
  ),
  'rx_lake_silver.drugs': drugs,
  'rx_lake_silver.publications': publications,
  'rx_lake_gold.class_sizes': classSizes,
  'rx_lake_gold.price_report': priceReport,
};

/** A version of a row in the history. A time is the number of a run, from 0, or the date of an imported version. */
export interface Version {
  readonly row: Row;
  readonly from: number | string;
  readonly to: number | string | null;
  readonly changeType: 'insert' | 'update' | 'delete';
}

/** The values of an imported version, without its times. */
function formularyRow(index: number): Row {
  const { valid_from: _from, valid_to: _to, ...row } = initialVersions[index];
  return row;
}

/** The versions after all runs, computed row by row. */
export const EXPECTED_VERSIONS: Version[] = FORMULARIES.reduce<Version[]>((versions, _text, run) => {
  const rows = new Map(formulary(run).map(row => [row.code, row]));
  const current = new Map(versions.filter(({ to }) => to === null).map(version => [version.row.code, version]));
  const isSame = (one: Row, other?: Row) => JSON.stringify(one) === JSON.stringify(other);
  const kept = versions.map((version): Version => {
    const row = rows.get(version.row.code);
    if (version.to !== null || isSame(version.row, row)) {
      return version;
    }
    return { ...version, to: run, changeType: row === undefined ? 'delete' : version.changeType };
  });
  const opened = [...rows.values()]
    .filter(row => !isSame(row, current.get(row.code)?.row))
    .map((row): Version => ({ row, from: run, to: null, changeType: current.has(row.code) ? 'update' : 'insert' }));
  return [...kept, ...opened];
}, [
  { row: formularyRow(0), from: '2019-01-01', to: '2021-06-01', changeType: 'insert' },
  { row: formularyRow(1), from: '2021-06-01', to: null, changeType: 'update' },
  { row: formularyRow(2), from: '2020-02-29', to: null, changeType: 'insert' },
  { row: formularyRow(3), from: '2018-01-01', to: '2020-01-01', changeType: 'delete' },
]);
