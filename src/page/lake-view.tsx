import { ComponentChildren } from 'preact';
import { Badge, freshnessText, Name, Tone } from './badges';
import { ChangeText, hasChanged } from './change-text';
import { CodeText } from './code-text';
import { DatasetTable } from './dataset-table';
import { formatTime } from './format';
import { GraphView } from './graph-view';
import { LakeIndex } from './lake-index';
import { datasetLink } from './route';
import { PageDataset } from '../cli/page-document';

/** The number of list entries that are shown before the reader expands the list. */
const SHOWN = 20;

interface Attention {
  readonly dataset: PageDataset;
  readonly tone: Tone;
  readonly kind: string;
  readonly text: string;
}

/** The overview: what needs attention, what has changed, the graph, and all datasets. */
export function LakeView({ lake }: { lake: LakeIndex }) {
  const { datasets, pipelines, generated_at: generated } = lake.document;
  if (datasets.length === 0) {
    return (
      <>
        <h1 tabIndex={-1}>The lake has no datasets</h1>
        <p>The app does not contain a dataset yet. Add a dataset to a stack, and generate this page again:</p>
        <pre><code>npx cdk synth && npx medallion docs</code></pre>
      </>
    );
  }
  const attention = findAttention(datasets);
  const count = (test: (dataset: PageDataset) => unknown) => datasets.filter(test).length;
  const changes = datasets.flatMap(dataset => dataset.tables.flatMap(table => {
    const change = table.day_change;
    return change && hasChanged(change, table.rows) ? [{ dataset, table, change }] : [];
  }));
  return (
    <>
      <h1 tabIndex={-1}>Overview</h1>
      <ul class="tiles" aria-label="Summary">
        <Tile label="datasets" value={datasets.length} />
        <Tile label="failed" value={count(({ error }) => error !== null)} tone="failure" />
        <Tile label="stale" value={count(({ stale }) => stale)} tone="warning" />
        <Tile label="older than their inputs" value={count(each => each.newer_inputs.length > 0)} tone="warning" />
        <Tile label="never run" value={count(({ state }) => state === 'never')} tone="neutral" />
        <Tile label="tables changed since yesterday" value={changes.length} tone="info" />
      </ul>

      <section aria-labelledby="attention">
        <h2 id="attention">Needs attention</h2>
        {attention.length === 0 ? <p><Badge tone="ok">No failed or stale datasets.</Badge></p> : (
          <List entries={attention.map(({ dataset, tone, kind, text }) => (
            <>
              <Badge tone={tone}>{kind}</Badge>{' '}
              <a href={datasetLink(dataset.id)}><Name>{dataset.id}</Name></a>{' '}
              <CodeText text={text} />
            </>
          ))} />
        )}
      </section>

      <section aria-labelledby="changes">
        <h2 id="changes">Changed since yesterday</h2>
        <p class="hint">
          Tables that were published in the 24 hours before {formatTime(generated)} UTC, compared with their
          publications at the beginning of this period.
        </p>
        {changes.length === 0 ? <p>No table has changed.</p> : (
          <List entries={changes.map(({ dataset, table, change }) => (
            <>
              <a href={datasetLink(dataset.id)}><Name>{table.name}</Name></a>{' '}
              <ChangeText table={table} change={change} />
            </>
          ))} />
        )}
      </section>

      <section aria-labelledby="graph">
        <h2 id="graph">Graph</h2>
        <p class="hint">The flow of data from the sources to gold. The table below lists the same datasets.</p>
        <GraphView lake={lake} />
      </section>

      <section aria-labelledby="datasets">
        <h2 id="datasets">Datasets</h2>
        <DatasetTable datasets={datasets} />
      </section>

      {pipelines.length > 0 && (
        <section aria-labelledby="pipelines">
          <h2 id="pipelines">Pipelines</h2>
          <List entries={pipelines.map(({ pipeline, schedule, datasets: members }) => (
            <>
              <strong><Name>{pipeline}</Name></strong>{' '}
              {schedule === null ? 'no schedule' : <code>{schedule}</code>}:{' '}
              {members.map((id, index) => (
                <span key={id}>{index > 0 && ', '}<a href={datasetLink(id)}><Name>{id}</Name></a></span>
              ))}
            </>
          ))} />
        </section>
      )}
    </>
  );
}

function findAttention(datasets: PageDataset[]): Attention[] {
  const of = (tone: Tone, kind: string, text: (dataset: PageDataset) => string | false | null | undefined) =>
    datasets.flatMap((dataset): Attention[] => {
      const found = text(dataset);
      return found ? [{ dataset, tone, kind, text: found }] : [];
    });
  return [
    ...of('failure', 'failed', ({ error }) => error && firstLine(error.message)),
    ...of('warning', 'stale', dataset => dataset.stale && freshnessText(dataset)),
    ...of('warning', 'older than inputs', ({ newer_inputs: inputs }) =>
      inputs.length > 0 && `${inputs.join(', ')} published more recently`),
    ...of('warning', 'warning', ({ warnings }) => warnings.length > 0 && warnings.map(firstLine).join(' ')),
  ];
}

function firstLine(text: string): string {
  const [line] = text.split('\n');
  return line.length > 280 ? `${line.slice(0, 280)}…` : line;
}

function Tile({ label, value, tone = 'neutral' }: { label: string; value: number; tone?: Tone }) {
  return (
    <li class={`tile ${value > 0 ? tone : 'none'}`}>
      <strong>{value.toLocaleString('en')}</strong>
      <span>{label}</span>
    </li>
  );
}

/** A list of entries. If there are many, only the first ones are shown until the reader expands the list. */
function List({ entries }: { entries: ComponentChildren[] }) {
  const items = (shown: ComponentChildren[]) => (
    <ul class="entries">{shown.map((each, index) => <li key={index}>{each}</li>)}</ul>
  );
  return (
    <>
      {items(entries.slice(0, SHOWN))}
      {entries.length > SHOWN && (
        <details>
          <summary>{entries.length - SHOWN} more</summary>
          {items(entries.slice(SHOWN))}
        </details>
      )}
    </>
  );
}
