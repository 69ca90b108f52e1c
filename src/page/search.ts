import { LakeIndex } from './lake-index';
import { columnLink, datasetLink } from './route';

/** A dataset, a table or a column that the search can find. */
export interface SearchEntry {
  readonly kind: 'dataset' | 'table' | 'column';
  readonly name: string;
  /** The layer of a dataset, the dataset of a table, or the table of a column. */
  readonly place: string;
  readonly link: string;
  /** The text to search, in lower case: the name, the description and, for a column, its name in the source. */
  readonly text: string;
}

export const MAX_RESULTS = 30;

/** The search entries for all datasets, tables and columns of a lake. */
export function searchEntries(lake: LakeIndex): SearchEntry[] {
  return lake.document.datasets.flatMap((dataset): SearchEntry[] => [
    {
      kind: 'dataset',
      name: dataset.dataset,
      place: dataset.layer,
      link: datasetLink(dataset.id),
      text: `${dataset.id} ${dataset.description}`.toLowerCase(),
    },
    ...dataset.tables.flatMap((table): SearchEntry[] => [
      {
        kind: 'table',
        name: table.name,
        place: dataset.id,
        link: datasetLink(dataset.id),
        text: table.name.toLowerCase(),
      },
      ...table.columns.map((column): SearchEntry => ({
        kind: 'column',
        name: column.name,
        place: table.name,
        link: columnLink({ table: table.name, column: column.name }),
        text: `${column.name} ${column.description ?? ''} ${column.source ?? ''}`.toLowerCase(),
      })),
    ]),
  ]);
}

/**
 * The entries that contain all words of the search text. Names that equal the first word come first, then names
 * that start with it, then names that contain it. Among equal matches, datasets come before tables, and tables before
 * columns.
 */
export function searchLake(entries: SearchEntry[], text: string): SearchEntry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return [];
  }
  const kinds = { dataset: 0, table: 1, column: 2 };
  const rank = ({ name, kind }: SearchEntry) => {
    const lower = name.toLowerCase();
    const [word] = words;
    const match = lower === word ? 0 : lower.startsWith(word) ? 1 : lower.includes(word) ? 2 : 3;
    return match * 3 + kinds[kind];
  };
  return entries
    .filter(entry => words.every(word => entry.text.includes(word) || entry.place.toLowerCase().includes(word)))
    .map(entry => ({ entry, rank: rank(entry) }))
    .sort((a, b) => a.rank - b.rank || a.entry.name.length - b.entry.name.length)
    .map(({ entry }) => entry);
}
