import { Construct } from 'constructs';
import { LakeRoles } from '../../lake-roles';
import { Layer } from '../../layer';
import { checkStruct, PropTypes, ROLE } from '../errors/prop-types';
import { synthError } from '../errors/synth-error';
import { LAYERS } from '../layers';

const ROLES_PROPS: PropTypes<LakeRoles> = {
  glue: ROLE,
  scheduler: ROLE,
  stateMachines: ROLE,
  deployment: ROLE,
  alerts: ROLE,
  lakeFormation: ROLE,
  datasets: 'unchecked',
};

/** Fails if a value is not a role, or if a key of `datasets` has no layer and would therefore have no effect. */
export function checkRoles(scope: Construct, roles?: LakeRoles): void {
  checkStruct(scope, 'roles', roles, ROLES_PROPS);
  const datasets = roles?.datasets ?? {};
  const keys = typeof datasets === 'object' && !Array.isArray(datasets) ? Object.keys(datasets) : [];
  checkStruct(scope, 'roles.datasets', datasets, Object.fromEntries(keys.map(key => [key, ROLE])));
  const invalid = keys.find(key => !LAYERS.some(layer => key.startsWith(`${layer}/`)));
  if (invalid !== undefined) {
    throw synthError(
      scope,
      'VALUE_INVALID',
      `roles.datasets has the invalid key "${invalid}".`,
      `Use the layer and the name of a dataset, for example "${Layer.BRONZE}/zipcodes".`,
    );
  }
}
