import { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';

/** A column of a sortable table. */
export interface TableColumn<Row> {
  readonly name: string;
  /** The value by which rows are sorted. Rows with null come last. */
  readonly value: (row: Row) => string | number | null;
  /** The content of the cell. Default: the value. */
  readonly cell?: (row: Row) => ComponentChildren;
  readonly isNumber?: boolean;
  /** Whether the cell is the heading of its row. */
  readonly isHeading?: boolean;
  /** Whether the cells contain text that can be long, and therefore wraps. */
  readonly wraps?: boolean;
}

interface Order {
  readonly column: string;
  readonly descending: boolean;
}

const collator = new Intl.Collator('en', { numeric: true });

/** A table that the reader sorts by clicking a column heading. */
export function SortableTable<Row>({ caption, columns, rows, keyOfRow }: {
  caption: string;
  columns: TableColumn<Row>[];
  rows: readonly Row[];
  keyOfRow: (row: Row) => string;
}) {
  const [order, setOrder] = useState<Order>();
  const sorted = useMemo(() => sort(rows, columns, order), [rows, columns, order]);
  const select = (column: string) =>
    setOrder(order?.column !== column ? { column, descending: false }
      : order.descending ? undefined : { column, descending: true });
  return (
    <div class="table-scroll" role="group" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ name, isNumber }) => {
              const direction = order?.column === name ? order.descending ? 'descending' : 'ascending' : undefined;
              return (
                <th key={name} scope="col" class={isNumber ? 'number' : undefined} aria-sort={direction}>
                  <button type="button" onClick={() => select(name)}>
                    {name}
                    <span class="direction" aria-hidden="true">
                      {direction === undefined ? '' : direction === 'ascending' ? '▲' : '▼'}
                    </span>
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {sorted.map(row => (
            <tr key={keyOfRow(row)}>
              {columns.map(({ name, value, cell = value, isNumber, isHeading, wraps }) => isHeading
                ? <th key={name} scope="row">{cell(row)}</th>
                : <td key={name} class={isNumber ? 'number' : wraps ? 'wraps' : undefined}>{cell(row)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function sort<Row>(rows: readonly Row[], columns: TableColumn<Row>[], order: Order | undefined): readonly Row[] {
  const value = columns.find(({ name }) => name === order?.column)?.value;
  if (order === undefined || value === undefined) {
    return rows;
  }
  const sign = order.descending ? -1 : 1;
  return [...rows].sort((first, second) => {
    const [a, b] = [value(first), value(second)];
    if (a === null || b === null) {
      return a === b ? 0 : a === null ? 1 : -1;
    }
    return sign * (typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b)));
  });
}
