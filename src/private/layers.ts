import { Layer } from '../layer';

/** All layers, in the order in which data flows through them. */
export const LAYERS: readonly Layer[] = Object.values(Layer);

/** The layers with derived tables. Datasets in these layers have the same settings and the same job. */
export const DERIVED_LAYERS: readonly Layer[] = LAYERS.filter(layer => layer !== Layer.BRONZE);

/** The layers other than the given one. */
export function otherLayers(layer: Layer): Layer[] {
  return LAYERS.filter(other => other !== layer);
}

/**
 * Matches a prefix that contains the name of a layer. The roles of another lake could get access to a lake with such a
 * prefix.
 */
export const LAYER_NAME = new RegExp(`[-_](${LAYERS.join('|')})([-_]|$)`);
