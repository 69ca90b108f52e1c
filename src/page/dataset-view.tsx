import { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { Badge, FreshnessBadge, Name, RuleBadge, StateBadge } from './badges';
import { ChangeText } from './change-text';
import { CodeText } from './code-text';
import { formatBytes, formatCount, formatNumber, formatSeconds, formatShare, formatTime } from './format';
import { LakeIndex } from './lake-index';
import { columnLink, datasetLink, LAKE } from './route';
import { RunChart } from './run-chart';
import { SortableTable, TableColumn } from './sortable-table';
import {
  PageColumn, PageDataset, PageError, PageFailedGate, PageGate, PageRule, PageRules, PageRun, PageSize, PageTable,
} from '../cli/page-document';

/** The view of a dataset: its configuration, tables, rules, gates and runs. */
export function DatasetView({ lake, dataset }: { lake: LakeIndex; dataset: PageDataset }) {
  const { error, warnings, tables, rules, gates, failed_gates: failedGates, runs, newer_inputs: newer } = dataset;
  return (
    <>
      <nav aria-label="Breadcrumb">
        <a href={LAKE}>Lake</a> / <span class={`layer ${dataset.layer}`}>{dataset.layer}</span>
      </nav>
      <h1 tabIndex={-1}><Name>{dataset.dataset}</Name></h1>
      <p class="badges"><StateBadge status={dataset.state} /> <FreshnessBadge dataset={dataset} /></p>
      {dataset.description !== '' && <p class="description"><bdi>{dataset.description}</bdi></p>}
      {error && <ErrorPanel error={error} isPublished={dataset.published_at !== null} />}
      {warnings.length > 0 && (
        <section class="panel warning" aria-labelledby="warnings">
          <h2 id="warnings"><Badge tone="warning">Warnings of the last run</Badge></h2>
          <ul>{warnings.map((each, index) => <li key={index}><CodeText text={each} /></li>)}</ul>
        </section>
      )}
      {newer.length > 0 && (
        <p class="panel warning">
          <Badge tone="warning">older than inputs</Badge>{' '}
          <DatasetLinks ids={newer} /> published after these tables were built. The next run reads the newer data.
        </p>
      )}
      <section aria-labelledby="facts">
        <h2 id="facts">About</h2>
        <Facts lake={lake} dataset={dataset} />
      </section>
      <section aria-labelledby="tables">
        <h2 id="tables">Tables</h2>
        {tables.map(table => <TableSection key={table.name} table={table} />)}
      </section>
      <section aria-labelledby="checks">
        <h2 id="checks">Rules and gates</h2>
        <Rules rules={rules} />
        <Gates gates={gates} failed={failedGates} />
      </section>
      <section aria-labelledby="runs">
        <h2 id="runs">Runs</h2>
        {runs.length === 0 ? (
          <>
            <p>The dataset has not run yet. To run it on your machine:</p>
            <pre><code>npx medallion run {dataset.id.replace(/@.*$/, '')}</code></pre>
          </>
        ) : <><RunChart runs={runs} /><RunTable runs={runs} /></>}
      </section>
    </>
  );
}

function ErrorPanel({ error, isPublished }: { error: PageError; isPublished: boolean }) {
  const prefix = `${error.code}: `;
  const message = error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
  return (
    <section class="panel failure" aria-labelledby="error">
      <h2 id="error"><Badge tone="failure">Last run failed: <code>{error.code}</code></Badge></h2>
      <p class="hint">Run {error.run_id}, {formatTime(error.at)} UTC.{' '}
        {isPublished ? 'The tables still have the data of the previous publication.' : 'No table is published yet.'}</p>
      <p class="message"><CodeText text={message} /></p>
      {error.fix !== null && <p><strong>What to do:</strong> <CodeText text={error.fix} /></p>}
      <p><strong>To see more details:</strong></p>
      <pre><code>{error.commands.join('\n')}</code></pre>
    </section>
  );
}

function Facts({ lake, dataset }: { lake: LakeIndex; dataset: PageDataset }) {
  const dependents = lake.dependents(dataset.id).map(({ id }) => id);
  const sources = (
    <ul class="plain">{dataset.sources.map(each => <li key={each}><code><Name>{each}</Name></code></li>)}</ul>
  );
  const facts: [name: string, value: ComponentChildren][] = [
    ['Source', dataset.sources.length > 0 && sources],
    ['Inputs', dataset.inputs.length > 0 && <DatasetLinks ids={dataset.inputs} lake={lake} />],
    ['Used by', dependents.length > 0 ? <DatasetLinks ids={dependents} /> : 'no dataset in this app'],
    ['Schedule', dataset.schedule !== null ? <code>{dataset.schedule}</code> : 'none'],
    ['Pipelines', dataset.pipelines.length > 0 ? <Name>{dataset.pipelines.join(', ')}</Name> : 'none'],
    ['Freshness', dataset.max_age_hours === null
      ? 'no maximum age'
      : `at most ${formatNumber(dataset.max_age_hours)} hours; last confirmed ${formatTime(dataset.confirmed_at)} UTC`],
    ['Published', dataset.published_at === null ? 'never' : `${formatTime(dataset.published_at)} UTC`],
    ['Size', sizeText(dataset.size)],
    ['Maximum cost of a run', costText(dataset.size)],
    ['Table format', dataset.table_format === 'iceberg' ? 'Apache Iceberg' : 'Parquet'],
    ['Glue', `version ${dataset.glue_version}, job ${dataset.job}`],
    ['Stack', dataset.stack],
  ];
  return (
    <dl class="facts">
      {facts.filter(([, value]) => value !== false).map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  );
}

function sizeText({ category, workers, worker_type: type, timeout_minutes: timeout }: PageSize): string {
  const settings = [
    ...workers !== null && type !== null ? [`${workers} × ${type}`] : [],
    ...timeout !== null ? [`timeout ${timeout} min`] : [],
  ].join(', ');
  return category === null ? settings : `${category}: ${settings}`;
}

function costText({ max_dpu_hours: hours, max_retries: retries }: PageSize): string {
  return hours === null
    ? 'unknown, because a setting is only known at deployment'
    : `${hours.toLocaleString('en', { maximumFractionDigits: 2 })} DPU-hours `
      + `(workers × DPU × timeout × ${formatCount(1 + (retries ?? 0), 'attempt')})`;
}

function DatasetLinks({ ids, lake }: { ids: string[]; lake?: LakeIndex }) {
  return (
    <>
      {ids.map((id, index) => (
        <span key={id}>
          {index > 0 && ', '}
          {lake !== undefined && lake.dataset(id) === undefined
            ? <><Name>{id}</Name> (another app)</>
            : <a href={datasetLink(id)}><Name>{id}</Name></a>}
        </span>
      ))}
    </>
  );
}

function TableSection({ table }: { table: PageTable }) {
  const { name, rows, bytes, business_key: key, columns, change } = table;
  const tableColumns = useMemo(() => columnsOf(table), [table]);
  return (
    <article class="table-section">
      <h3><Name>{name}</Name></h3>
      {columns.length === 0 ? <p>The table is not published yet.</p> : (
        <>
          <p class="hint">
            {rows === null ? 'rows unknown' : formatCount(rows, 'row')}, {formatBytes(bytes)},{' '}
            {formatCount(columns.length, 'column')}
            {key.length > 0 && <>; business key: <Name>{key.join(', ')}</Name></>}
          </p>
          <p>
            <strong>Since the previous publication:</strong>{' '}
            {change === null ? 'there is no earlier publication' : (
              <><ChangeText table={table} change={change} />
                {change.published_before !== null && ` (${formatTime(change.published_before)} UTC)`}</>
            )}
          </p>
          <SortableTable
            caption={`Columns of ${name}`} columns={tableColumns} rows={columns} keyOfRow={each => each.name}
          />
        </>
      )}
    </article>
  );
}

/**
 * The columns of the page's table in which each row describes a column of a published table. Omits columns that would
 * be empty.
 */
function columnsOf({ name: table, rows, columns }: PageTable): TableColumn<PageColumn>[] {
  const has = (key: keyof PageColumn) => columns.some(column => column[key] !== undefined);
  const positions = new Map(columns.map((each, index) => [each.name, index + 1]));
  return [
    { name: '#', value: each => positions.get(each.name) ?? 0, isNumber: true },
    {
      name: 'Column',
      value: each => each.name,
      isHeading: true,
      cell: each => <a href={columnLink({ table, column: each.name })}><Name>{each.name}</Name></a>,
    },
    { name: 'Type', value: each => each.type, cell: each => <code class="type" title={each.type}>{each.type}</code> },
    ...has('description') ? [{
      name: 'Description',
      value: (each: PageColumn) => each.description ?? null,
      cell: (each: PageColumn) => <bdi class="text">{each.description ?? ''}</bdi>,
      wraps: true,
    }] : [],
    { name: 'Null', value: each => each.nulls ?? null, cell: each => formatShare(each.nulls, rows), isNumber: true },
    ...has('low') ? [boundColumn('Lowest', each => each.low), boundColumn('Highest', each => each.high)] : [],
    ...has('rescued') ? [{
      name: 'Rescued',
      value: (each: PageColumn) => each.rescued ?? null,
      cell: (each: PageColumn) => formatNumber(each.rescued ?? 0),
      isNumber: true,
    }] : [],
    ...has('from') || has('source') ? [{
      name: 'Comes from', value: origin, cell: (each: PageColumn) => <Name>{origin(each)}</Name>, wraps: true,
    }] : [],
  ];
}

function boundColumn(name: string, bound: (column: PageColumn) => string | undefined): TableColumn<PageColumn> {
  return { name, value: each => numeric(bound(each)), cell: each => <Value text={bound(each)} />, wraps: true };
}

/** The value by which a bound is sorted. Bounds are stored as text, but numeric bounds are sorted as numbers. */
function numeric(text: string | undefined): number | string | null {
  return text === undefined ? null : text.trim() !== '' && !Number.isNaN(Number(text)) ? Number(text) : text;
}

function origin({ from, source, name }: PageColumn): string {
  if (from === undefined) {
    return source ?? name;
  }
  const columns = [...new Set(from.map(({ table, column }) => `${table.replace(/^[^.]*\./, '')}.${column}`))];
  const more = columns.length > 3 ? ` and ${columns.length - 3} more` : '';
  return columns.length === 0 ? 'no column' : `${columns.slice(0, 3).join(', ')}${more}`;
}

function Value({ text }: { text: string | undefined }) {
  return text === undefined ? <>–</> : <Name>{text}</Name>;
}

const RULE_COLUMNS: TableColumn<PageRule>[] = [
  { name: 'Rule', value: each => each.name, isHeading: true, cell: each => <Name>{each.name}</Name> },
  { name: 'Result', value: each => each.status, cell: each => <RuleBadge status={each.status} /> },
  { name: 'Table', value: each => each.table, cell: each => <Name>{each.table}</Name> },
  {
    name: 'Condition',
    value: each => each.condition,
    cell: each => <code><Name>{each.condition}</Name></code>,
    wraps: true,
  },
  { name: 'Severity', value: each => each.severity },
  {
    name: 'Violations',
    value: each => each.violations,
    isNumber: true,
    cell: each => each.violations === null ? '–' : `${formatNumber(each.violations)} of ${formatNumber(each.rows)}`,
  },
  {
    name: 'Allowed share',
    value: each => each.max_share,
    cell: each => each.max_share === null ? '–' : String(each.max_share),
    isNumber: true,
  },
];

function Rules({ rules }: { rules: PageRules | null }) {
  if (rules === null) {
    return <><h3>Data rules</h3><p>No run has evaluated data rules yet.</p></>;
  }
  const examples = rules.results.filter(each => each.examples.length > 0);
  return (
    <>
      <h3>Data rules</h3>
      <p class="hint">Results of run {rules.run_id}, {formatTime(rules.at)} UTC.</p>
      <SortableTable
        caption="Data rules" columns={RULE_COLUMNS} rows={rules.results}
        keyOfRow={each => `${each.table} ${each.name}`}
      />
      {examples.map(({ name, table, examples: rows }) => (
        <details key={`${table} ${name}`}>
          <summary>Rows that violate <Name>{name}</Name></summary>
          <pre><code><bdi>{rows.join('\n')}</bdi></code></pre>
        </details>
      ))}
    </>
  );
}

function Gates({ gates, failed }: { gates: PageGate[]; failed: PageFailedGate[] }) {
  return (
    <>
      <h3>Quality gates</h3>
      {failed.length > 0 && (
        <ul class="entries">
          {failed.map((each, index) => (
            <li key={index}>
              <Badge tone={each.allowed ? 'warning' : 'failure'}>{each.allowed ? 'allowed' : 'failed'}</Badge>{' '}
              <code>{each.gate}</code> <Name>{each.table}</Name>: <bdi class="text">{each.found}</bdi>
            </li>
          ))}
        </ul>
      )}
      {gates.length > 0 && (
        <ul class="entries">
          {gates.map(({ gate, setting }, index) => (
            <li key={index}><code>{gate}</code> <bdi class="text">{setting}</bdi></li>
          ))}
        </ul>
      )}
      <p class="hint">
        {failed.length === 0 && 'No gate failed in the last run. '}
        {gates.length === 0 ? 'All gates use their default settings.' : 'All other gates use their default settings.'}
      </p>
    </>
  );
}

const RUN_COLUMNS: TableColumn<PageRun>[] = [
  { name: 'Started (UTC)', value: each => each.started_at, cell: each => formatTime(each.started_at), isHeading: true },
  { name: 'State', value: each => each.status, cell: each => <StateBadge status={each.status} /> },
  { name: 'Duration', value: each => each.seconds, cell: each => formatSeconds(each.seconds), isNumber: true },
  { name: 'Rows', value: each => each.rows, cell: each => formatNumber(each.rows), isNumber: true },
  { name: 'Size', value: each => each.bytes, cell: each => formatBytes(each.bytes), isNumber: true },
  { name: 'Run', value: each => each.run_id, cell: each => <code><Name>{each.run_id}</Name></code> },
  {
    name: 'Error',
    value: each => each.error_code,
    cell: each => each.error_code === null ? '' : <code title={each.error ?? ''}>{each.error_code}</code>,
  },
];

function RunTable({ runs }: { runs: PageRun[] }) {
  return <SortableTable caption="Runs" columns={RUN_COLUMNS} rows={runs} keyOfRow={each => each.run_id} />;
}
