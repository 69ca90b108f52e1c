import { PageColumn, PageColumnName, PageDataset, PageDocument, PageLineage, PageTable } from '../cli/page-document';

/** A column, with the table and the dataset that it belongs to. */
export interface FoundColumn {
  readonly dataset: PageDataset;
  readonly table: PageTable;
  readonly column: PageColumn;
}

/** Finds datasets, tables and columns in the document of the page by their names. */
export class LakeIndex {
  private readonly datasets: Map<string, PageDataset>;
  private readonly tables: Map<string, { dataset: PageDataset; table: PageTable }>;
  private readers?: Map<string, PageLineage[]>;

  public constructor(public readonly document: PageDocument) {
    this.datasets = new Map(document.datasets.map(each => [each.id, each]));
    this.tables = new Map(document.datasets.flatMap(dataset =>
      dataset.tables.map(table => [table.name, { dataset, table }] as const)));
  }

  public dataset(id: string): PageDataset | undefined {
    return this.datasets.get(id);
  }

  /** The datasets that have this dataset as an input. */
  public dependents(id: string): PageDataset[] {
    return this.document.datasets.filter(({ inputs }) => inputs.includes(id));
  }

  public tableOwner(table: string): PageDataset | undefined {
    return this.tables.get(table)?.dataset;
  }

  public table(name: string): PageTable | undefined {
    return this.tables.get(name)?.table;
  }

  /** The column of a table. Undefined if the app does not contain the table, or the table does not have the column. */
  public column(name: PageColumnName): FoundColumn | undefined {
    const found = this.tables.get(name.table);
    const column = found?.table.columns.find(each => each.name === name.column);
    return found && column && { ...found, column };
  }

  /** The columns that are computed from this column, each with the kind of computation. */
  public computedFrom(name: PageColumnName): PageLineage[] {
    this.readers ??= this.findReaders();
    return this.readers.get(keyOf(name)) ?? [];
  }

  private findReaders(): Map<string, PageLineage[]> {
    const readers = new Map<string, PageLineage[]>();
    for (const { tables } of this.document.datasets) {
      for (const { name: table, columns } of tables) {
        for (const { name: column, from = [] } of columns) {
          for (const read of from) {
            const list = readers.get(keyOf(read)) ?? [];
            list.push({ table, column, kind: read.kind });
            readers.set(keyOf(read), list);
          }
        }
      }
    }
    return readers;
  }
}

/** A unique key for a column: its table and its name, separated by a line break, which names do not contain. */
export function keyOf({ table, column }: PageColumnName): string {
  return `${table}\n${column}`;
}
