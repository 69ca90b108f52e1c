import { Construct } from 'constructs';
import { ConfigDocument } from './config-document.generated';
import { DocumentSchema } from './document-schema';
import { AUTO_SCALING_ARGUMENT } from './operation-keys';
import { camelKeys } from './struct-keys';
import { unresolvedValues } from './unresolved-values';
import { EtlCorePrefixes, EtlCoreProps } from '../../etl-core-props';
import { GlueDefaults } from '../../glue-defaults';
import { GlueWorkerConfig } from '../../glue-worker-config';
import { LakeRetention } from '../../lake-retention';
import { reservedPrefix } from '../../naming';
import { Problem } from '../errors/problem';
import { checkStruct, DURATION, PropTypes } from '../errors/prop-types';
import { synthError } from '../errors/synth-error';

let schema: DocumentSchema | undefined;

/** The schema of config.json, which configures the core of a lake. */
export function configSchema(): DocumentSchema {
  return schema ??= new DocumentSchema('config.schema.json');
}

/**
 * The settings of a core that can also be set in a file. `maxDpuHoursPerMonth` applies only to a core that is deployed.
 */
type Settings = EtlCorePrefixes & Pick<EtlCoreProps, 'maxDpuHoursPerMonth'>;

/**
 * Fails on the first invalid setting of a core. Checks only settings that can also be set in a file. Accepts string
 * tokens.
 */
export function checkGlueSettings(scope: Construct, props: Settings): void {
  checkStruct(scope, 'retention', props.retention, RETENTION_PROPS);
  checkStruct(scope, 'glueDefaults', props.glueDefaults, DEFAULTS_PROPS);
  for (const [size, config] of Object.entries(workerConfigs(props))) {
    checkStruct(scope, `glueWorkerConfigs.${size}`, config, WORKER_PROPS);
  }
  const document = settingsDocument(props);
  const problems = [
    ...unresolvedValues(document),
    ...configSchema().problems(document),
    ...configRuleProblems(document),
  ];
  for (const { code, key, found, remedy } of problems) {
    throw synthError(scope, code, `${key} ${found}.`, remedy);
  }
}

const RETENTION_PROPS: PropTypes<LakeRetention> = {
  incompleteUploads: DURATION,
  staging: DURATION,
  noncurrentVersions: DURATION,
  supersededRuns: DURATION,
  snapshots: DURATION,
  athenaResults: DURATION,
  logs: 'unchecked',
};

const DEFAULTS_PROPS: PropTypes<GlueDefaults> = {
  version: 'unchecked',
  timeout: DURATION,
  maxRetries: 'unchecked',
  defaultArguments: 'unchecked',
};

const WORKER_PROPS: PropTypes<GlueWorkerConfig> = {
  workerType: 'unchecked',
  numberOfWorkers: 'unchecked',
  autoScaling: 'unchecked',
  flex: 'unchecked',
  timeout: DURATION,
};

/** Problems in a core's document that its schema cannot express. */
export function* configRuleProblems({ glue_defaults: defaults, ...prefixes }: ConfigDocument): Generator<Problem> {
  for (const key of ['etl_resource_prefix', 'database_prefix'] as const) {
    const reserved = reservedPrefix(prefixes[key] ?? '');
    if (reserved) {
      yield { code: 'PREFIX_INVALID', key, ...reserved };
    }
  }
  const given = defaults?.default_arguments ?? {};
  const reserved = Object.keys(given).find(name => RESERVED_ARGUMENTS.includes(name));
  if (reserved !== undefined) {
    yield {
      code: 'ARGUMENT_RESERVED',
      key: 'glue_defaults.default_arguments',
      found: `contains ${reserved}, which the library sets for each job`,
      remedy: 'Remove it.',
    };
  }
  if (AUTO_SCALING_ARGUMENT in given) {
    yield {
      code: 'ARGUMENT_RESERVED',
      key: 'glue_defaults.default_arguments',
      found: `contains ${AUTO_SCALING_ARGUMENT}, which the library sets for each job with auto scaling`,
      remedy: 'Remove it. Datasets of the size MEDIUM or larger have auto scaling. To change this, set auto_scaling '
        + '(autoScaling) of a dataset, or of a size in glue_worker_configs (glueWorkerConfigs).',
    };
  }
  for (const [name, value] of Object.entries(given)) {
    const catalog = CATALOG_ARGUMENT.test(name) ? name : CATALOG_SETTING.exec(`${name} ${value}`)?.[0];
    if (catalog !== undefined) {
      yield {
        code: 'ARGUMENT_RESERVED',
        key: 'glue_defaults.default_arguments',
        found: `contains ${catalog}, which would make silver and gold jobs drop and create databases in the Glue Data `
          + 'Catalog',
        remedy: 'Remove it: jobs read the files of their inputs and do not need the Data Catalog.',
      };
    }
  }
}

const CATALOG_ARGUMENT = /^-*enable[-_]glue[-_]data[-_]?catalog$/i;
/** Spark settings that replace the catalog of a session, including settings within `--conf`. */
const CATALOG_SETTING = new RegExp([
  'spark\\.sql\\.catalogImplementation', 'spark\\.sql\\.defaultCatalog', 'spark\\.sql\\.catalog\\.spark_catalog\\b',
  'hive\\.metastore\\.client\\.factory\\.class',
].join('|'), 'i');

const RESERVED_ARGUMENTS = [
  '--JOB_NAME',
  '--dataset_config',
  '--names',
  '--run_options',
  '--extra-py-files',
  '--TempDir',
  '--custom-logGroup-prefix',
];

/** The worker settings by size. Python passes dicts with snake_case keys. */
export function workerConfigs({ glueWorkerConfigs = {} }: EtlCorePrefixes): { [size: string]: GlueWorkerConfig } {
  return Object.fromEntries(
    Object.entries(glueWorkerConfigs).map(([size, config]) => [size, camelKeys(config, Object.keys(WORKER_PROPS))]),
  );
}

/** The document of the settings. LakeNames validates the prefixes, so the prefix in this document is a placeholder. */
function settingsDocument(props: Settings): ConfigDocument {
  const { glueDefaults, retention } = props;
  return configSchema().inOrder({
    etl_resource_prefix: 'pp-dw',
    table_format: props.tableFormat,
    retention: retention && { snapshot_hours: retention.snapshots?.toHours({ integral: false }) },
    max_dpu_hours_per_month: props.maxDpuHoursPerMonth,
    glue_defaults: glueDefaults && {
      version: glueDefaults.version,
      timeout_minutes: glueDefaults.timeout?.toMinutes(),
      max_retries: glueDefaults.maxRetries,
      default_arguments: glueDefaults.defaultArguments,
    },
    glue_worker_configs:
      props.glueWorkerConfigs
      && Object.fromEntries(
        Object.entries(workerConfigs(props)).map(([size, config]) => [
          size,
          {
            worker_type: config.workerType,
            number_of_workers: config.numberOfWorkers,
            auto_scaling: config.autoScaling,
            flex: config.flex,
            timeout_minutes: config.timeout?.toMinutes(),
          },
        ]),
      ),
  });
}
