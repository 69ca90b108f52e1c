/** Computes the layout of a graph. */
export { Graph, layout } from '@dagrejs/dagre';
