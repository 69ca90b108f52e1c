import { NODE_HEIGHT, NODE_WIDTH, PageDataset, PageEdge, PageGraph, PageNode } from './page-document';
import { Graph, layout } from '../private/dependencies/dagre';

/** The distance between nodes in a column, the distance between columns, and the margin of the graph, in pixels. */
const NODE_SEPARATION = 14;
const RANK_SEPARATION = 70;
const MARGIN = 12;

/** The label for the source of a custom script, which can read any source. */
const CUSTOM_SCRIPT = 'custom script';

type Node = Omit<PageNode, 'x' | 'y'>;

/**
 * The lake as a graph from left to right: the hosts and buckets of the sources, and the datasets by layer. Positions
 * are computed in advance, so that the page opens quickly.
 */
export function pageGraph(datasets: PageDataset[]): PageGraph {
  const nodes = new Map<string, Node>(datasets.map(({ id, dataset, layer }) => [id, { id, label: dataset, layer }]));
  const edges: [from: string, to: string][] = [];
  for (const { id, layer, sources, inputs } of datasets) {
    for (const host of hostsOf(sources, layer, inputs)) {
      const source = `source:${host}`;
      nodes.set(source, { id: source, label: host, layer: 'source' });
      edges.push([source, id]);
    }
    for (const input of inputs) {
      // If the input is not a dataset of the app, another app deploys it.
      const [inputLayer, ...name] = input.split('/');
      const other = { id: input, label: name.join('/'), layer: inputLayer };
      nodes.set(input, nodes.get(input) ?? other);
      edges.push([input, id]);
    }
  }
  return arrange([...nodes.values()], edges);
}

function hostsOf(sources: string[], layer: string, inputs: string[]): Set<string> {
  const hosts = new Set(sources.map(source => /^(?:\w+:\/\/)?[^/]+/.exec(source)?.[0] ?? source));
  return hosts.size === 0 && layer === 'bronze' && inputs.length === 0 ? new Set([CUSTOM_SCRIPT]) : hosts;
}

function arrange(nodes: Node[], edges: [string, string][]): PageGraph {
  if (nodes.length === 0) {
    return { width: 0, height: 0, nodes: [], edges: [] };
  }
  const graph = new Graph();
  graph.setGraph({
    rankdir: 'LR', nodesep: NODE_SEPARATION, ranksep: RANK_SEPARATION, marginx: MARGIN, marginy: MARGIN,
  });
  const layers = new Map(nodes.map(({ id, layer }) => [id, layer]));
  const hasSilver = nodes.some(({ layer }) => layer === 'silver');
  nodes.forEach(({ id }) => graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT }));
  // If there is a silver layer, gold datasets are placed to the right of it.
  edges.forEach(([from, to]) => graph.setEdge(from, to, {
    minlen: hasSilver && layers.get(from) === 'bronze' && layers.get(to) === 'gold' ? 2 : 1,
  }));
  layout(graph);
  const round = (value: number) => Math.round(value);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width: round(width),
    height: round(height),
    nodes: nodes.map(node => {
      const { x, y } = graph.node(node.id) as { x: number; y: number };
      return { ...node, x: round(x), y: round(y) };
    }),
    edges: edges.map(([from, to]): PageEdge => {
      const [start, end] = [from, to].map(id => graph.node(id) as { x: number; y: number });
      const { points } = graph.edge(from, to) as { points: { x: number; y: number }[] };
      // An edge starts at the right side of a node and ends at the left side of another node. dagre adds a point for
      // each column that the edge crosses.
      const inner = points.slice(1, -1).filter(({ x }) => x > start.x + NODE_WIDTH / 2 && x < end.x - NODE_WIDTH / 2);
      const ends = [{ x: start.x + NODE_WIDTH / 2, y: start.y }, { x: end.x - NODE_WIDTH / 2, y: end.y }];
      return { from, to, points: [ends[0], ...inner, ends[1]].map(({ x, y }) => [round(x), round(y)]) };
    }),
  };
}
