import { Name } from './badges';
import { formatCount, formatDifference, formatShare } from './format';
import { PageChange, PageTable } from '../cli/page-document';

/** Whether the number of rows or the columns have changed. */
export function hasChanged({ rows_before: before, added, removed, retyped }: PageChange, rows: number | null): boolean {
  return before !== rows || added.length + removed.length + retyped.length > 0;
}

/** Describes what has changed in a table: the number of rows, and the columns. */
export function ChangeText({ table, change }: { table: PageTable; change: PageChange }) {
  const { rows_before: before, added, removed, retyped } = change;
  if (before === null) {
    return <>new table{table.rows !== null && `, ${formatCount(table.rows, 'row')}`}</>;
  }
  const difference = (table.rows ?? 0) - before;
  const share = before === 0 || difference === 0 ? '' : ` (${formatShare(Math.abs(difference), before)})`;
  return (
    <>
      {formatDifference(difference)} {Math.abs(difference) === 1 ? 'row' : 'rows'}{share}
      <ColumnNames label="columns added" names={added} />
      <ColumnNames label="columns removed" names={removed} />
      {retyped.length > 0 && (
        <>; types changed: {retyped.map(({ column, from, to }, index) => (
          <span key={column}>{index > 0 && ', '}<Name>{column}</Name> {from} → {to}</span>
        ))}</>
      )}
    </>
  );
}

function ColumnNames({ label, names }: { label: string; names: string[] }) {
  return names.length === 0 ? null : (
    <>; {label}: {names.map((name, index) => <span key={name}>{index > 0 && ', '}<Name>{name}</Name></span>)}</>
  );
}
