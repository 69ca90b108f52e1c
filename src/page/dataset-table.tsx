import { useMemo, useState } from 'preact/hooks';
import { FreshnessBadge, Name, StateBadge } from './badges';
import { formatBytes, formatNumber, formatTime } from './format';
import { datasetLink } from './route';
import { SortableTable, TableColumn } from './sortable-table';
import { PageDataset } from '../cli/page-document';

export function totalRows({ tables }: PageDataset): number | null {
  const rows = tables.flatMap(each => each.rows ?? []);
  return rows.length === 0 ? null : rows.reduce((sum, each) => sum + each, 0);
}

function totalBytes({ tables }: PageDataset): number | null {
  const bytes = tables.flatMap(each => each.bytes ?? []);
  return bytes.length === 0 ? null : bytes.reduce((sum, each) => sum + each, 0);
}

const COLUMNS: TableColumn<PageDataset>[] = [
  {
    name: 'Dataset',
    value: each => each.dataset,
    isHeading: true,
    cell: each => <a href={datasetLink(each.id)}><Name>{each.dataset}</Name></a>,
  },
  { name: 'Layer', value: each => each.layer, cell: each => <span class={`layer ${each.layer}`}>{each.layer}</span> },
  { name: 'State', value: each => each.state, cell: each => <StateBadge status={each.state} /> },
  { name: 'Freshness', value: each => each.age_hours, cell: each => <FreshnessBadge dataset={each} /> },
  { name: 'Tables', value: each => each.tables.length, isNumber: true },
  { name: 'Rows', value: totalRows, cell: each => formatNumber(totalRows(each)), isNumber: true },
  { name: 'Size', value: totalBytes, cell: each => formatBytes(totalBytes(each)), isNumber: true },
  { name: 'Last run (UTC)', value: each => each.last_run_at, cell: each => formatTime(each.last_run_at) },
];

const ALL = 'all';

/** All datasets as a table, for readers who prefer a table to the graph. */
export function DatasetTable({ datasets }: { datasets: PageDataset[] }) {
  const [layer, setLayer] = useState(ALL);
  const [state, setState] = useState(ALL);
  const rows = useMemo(
    () => datasets.filter(each => (layer === ALL || each.layer === layer) && (state === ALL || each.state === state)),
    [datasets, layer, state],
  );
  return (
    <>
      <div class="filters">
        <Filter label="Layer" values={datasets.map(each => each.layer)} value={layer} onChange={setLayer} />
        <Filter label="State" values={datasets.map(each => each.state)} value={state} onChange={setState} />
        <span role="status">{rows.length} of {datasets.length}</span>
      </div>
      <SortableTable caption="Datasets" columns={COLUMNS} rows={rows} keyOfRow={each => each.id} />
    </>
  );
}

function Filter({ label, values, value, onChange }: {
  label: string; values: string[]; value: string; onChange: (value: string) => void;
}) {
  return (
    <label>
      {label}
      <select value={value} onChange={event => onChange(event.currentTarget.value)}>
        {[ALL, ...[...new Set(values)].sort()].map(each => <option key={each} value={each}>{each}</option>)}
      </select>
    </label>
  );
}
