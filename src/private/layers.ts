import { Layer } from '../layer';

/** All layers, in the order in which data flows through them. */
export const LAYERS: readonly Layer[] = Object.values(Layer);

/** The layers with derived tables. They have the same settings and the same job. */
export const DERIVED_LAYERS: readonly Layer[] = LAYERS.filter(layer => layer !== Layer.BRONZE);

/** The layers other than the given one. */
export function otherLayers(layer: Layer): Layer[] {
  return LAYERS.filter(other => other !== layer);
}

/** The name of a layer in a prefix. Such a prefix could give the roles of one lake access to another lake. */
export const LAYER_NAME = new RegExp(`[-_](${LAYERS.join('|')})([-_]|$)`);
