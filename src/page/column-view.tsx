import { useMemo } from 'preact/hooks';
import { Name } from './badges';
import { formatNumber, formatShare } from './format';
import { GraphView } from './graph-view';
import { FoundColumn, keyOf, LakeIndex } from './lake-index';
import { lineageOf, MAX_NODES, OriginNode, originTree } from './lineage';
import { LineageDiagram } from './lineage-diagram';
import { columnLink, datasetLink, LAKE } from './route';
import { PageColumnName, PageLineage } from '../cli/page-document';

/** The view of a column: where it comes from, through all layers, and what is computed from it. */
export function ColumnView({ lake, found }: { lake: LakeIndex; found: FoundColumn }) {
  const { dataset, table, column } = found;
  const name = { table: table.name, column: column.name };
  const lineage = useMemo(() => lineageOf(lake, name), [lake, name.table, name.column]);
  const datasets = useMemo(() => new Set(lineage.nodes.flatMap(node => {
    const owner = lake.tableOwner(node.table);
    const isBronze = owner !== undefined && owner.layer === 'bronze';
    return owner === undefined ? [] : [owner.id, ...isBronze ? sourceNodes(lake, owner.id) : []];
  })), [lake, lineage]);
  const origin = useMemo(() => originTree(lake, name), [lake, name.table, name.column]);
  const readers = lake.computedFrom(name);
  return (
    <>
      <nav aria-label="Breadcrumb">
        <a href={LAKE}>Lake</a> / <span class={`layer ${dataset.layer}`}>{dataset.layer}</span> /{' '}
        <a href={datasetLink(dataset.id)}><Name>{dataset.dataset}</Name></a> / <Name>{table.name}</Name>
      </nav>
      <h1 tabIndex={-1}>Column <Name>{column.name}</Name></h1>
      {column.description !== undefined && <p class="description"><bdi>{column.description}</bdi></p>}
      <dl class="facts">
        <div><dt>Type</dt><dd><code>{column.type}</code></dd></div>
        <div>
          <dt>Null</dt>
          <dd>
            {formatShare(column.nulls, table.rows)}
            {column.nulls !== undefined && ` (${formatNumber(column.nulls)} of ${formatNumber(table.rows)} rows)`}
          </dd>
        </div>
        {column.low !== undefined && <div><dt>Lowest</dt><dd><Name>{column.low}</Name></dd></div>}
        {column.high !== undefined && <div><dt>Highest</dt><dd><Name>{column.high}</Name></dd></div>}
      </dl>
      <section aria-labelledby="origin">
        <h2 id="origin">Where this column comes from</h2>
        {lineage.nodes.length > 1 && (
          <>
            <p class="hint">
              A solid line means that the value is unchanged, a dashed line that it is transformed, and a dotted line
              that it is aggregated.
            </p>
            <LineageDiagram lineage={lineage} />
          </>
        )}
        {lineage.nodes.length >= MAX_NODES && <p class="hint">The graph shows the first {MAX_NODES} columns.</p>}
        <Origin lake={lake} name={name} nodes={origin} />
        {table.filters.length > 0 && (
          <>
            <h3>Columns that determine the rows of this table</h3>
            <p class="hint">The query uses these columns to filter, join, group or sort.</p>
            <ul class="entries">
              {table.filters.map(each => <li key={keyOf(each)}><ColumnName lake={lake} name={each} /></li>)}
            </ul>
          </>
        )}
      </section>
      <section aria-labelledby="readers">
        <h2 id="readers">Computed from this column</h2>
        {readers.length === 0 ? <p>No column in this app is computed from this column.</p> : (
          <ul class="entries">
            {readers.map(each => (
              <li key={`${keyOf(each)} ${each.kind}`}>
                <ColumnName lake={lake} name={each} /> <Kind kind={each.kind} />
              </li>
            ))}
          </ul>
        )}
      </section>
      <section aria-labelledby="in-lake">
        <h2 id="in-lake">In the lake</h2>
        <p class="hint">The datasets that this column comes from, and the datasets that use it, are highlighted.</p>
        <GraphView lake={lake} highlighted={datasets} />
      </section>
    </>
  );
}

/** The IDs of the graph nodes that represent the sources of a dataset. */
function sourceNodes(lake: LakeIndex, id: string): string[] {
  const edges = lake.document.graph.edges.filter(({ from, to }) => to === id && from.startsWith('source:'));
  return edges.map(({ from }) => from);
}

/** The columns that a column is computed from, as nested lists down to the sources. */
function Origin({ lake, name, nodes }: { lake: LakeIndex; name: PageColumnName; nodes: OriginNode[] }) {
  if (nodes.length === 0) {
    return <End lake={lake} name={name} />;
  }
  return (
    <ul class="tree">
      {nodes.map(each => (
        <li key={`${keyOf(each)} ${each.kind}`}>
          <ColumnName lake={lake} name={each} /> <Kind kind={each.kind} />
          {each.isRepeated
            ? <span class="hint"> see above</span>
            : <Origin lake={lake} name={each} nodes={each.from} />}
        </li>
      ))}
    </ul>
  );
}

/** Explains why the lineage ends at a column: for example, because it is a column of the source. */
function End({ lake, name }: { lake: LakeIndex; name: PageColumnName }) {
  const found = lake.column(name);
  if (found === undefined) {
    return <p>The columns of this table are unknown: the table is not published, or another app deploys it.</p>;
  }
  const { dataset, column } = found;
  if (column.from !== undefined) {
    return <p>Not computed from a column: it is a constant, or a value that the run generates.</p>;
  }
  return dataset.layer === 'bronze' ? (
    <p>
      Column <Name>{column.source ?? column.name}</Name> of the source{' '}
      {dataset.sources.map(each => <code key={each}><Name>{each}</Name> </code>)}
    </p>
  ) : <p>The lineage of this table has not been recorded yet. The next run that publishes the table records it.</p>;
}

function ColumnName({ lake, name }: { lake: LakeIndex; name: PageColumnName }) {
  const text = <><Name>{name.table}</Name>.<strong><Name>{name.column}</Name></strong></>;
  return lake.column(name) === undefined ? text : <a href={columnLink(name)}>{text}</a>;
}

const KINDS: Record<string, string> = {
  identity: 'unchanged', transformation: 'transformed', aggregation: 'aggregated',
};

function Kind({ kind }: Pick<PageLineage, 'kind'>) {
  return <span class="kind">{Object.hasOwn(KINDS, kind) ? KINDS[kind] : kind}</span>;
}
