import * as fs from 'fs';
import * as path from 'path';
import { Deployment, Environment, hasUnknownValues, readDeployments, readStacks, resourcesOf, Stack } from './assembly';
import { Failure } from './failure';
import { resolve, Value } from './intrinsics';
import { policiesOfRole } from './job-role';
import { didYouMean } from '../private/errors/suggestion';

/** A dataset of the app: a Glue job with a dataset document. */
export interface Dataset {
  readonly dataset: string;
  /** `bronze`, `silver` or `gold` */
  readonly layer: string;
  readonly stack: string;
  /** The cloud assembly that contains its stack. */
  readonly assembly: string;
  readonly job: string;
  readonly description: string;
  readonly glueVersion: string;
  /** The Athena names of its tables, including the database. */
  readonly tables: string[];
  readonly bucket: string;
  readonly account: string;
  readonly region: string;
  /** The s3:// prefix of the dataset's run records, which is unique in a lake. */
  readonly runs: string;
  readonly tableFormat: 'parquet' | 'iceberg';
  readonly size: JobSize;
  /** The datasets that this dataset reads. Empty if it reads no other datasets. */
  readonly inputs: Input[];
  /** The s3:// URI of the job's script. */
  readonly script: string;
  /** The default arguments of the job. */
  readonly arguments: Record<string, string>;
  /** The policy documents of the job's role, for S3 and Glue. */
  readonly policies: () => Value[];
  /**
   * The files that the dataset's stack uploads to buckets. Files of other datasets are omitted if they depend on values
   * that are only known at deployment.
   */
  readonly deployments: () => Deployment[];
}

/** The settings that limit the cost of a job. A setting is undefined if it is only known at deployment. */
export interface JobSize {
  /** Such as `G.1X`. */
  readonly workerType?: string;
  readonly workers?: number;
  readonly timeoutMinutes?: number;
  readonly maxRetries?: number;
  /** `STANDARD` or `FLEX`. */
  readonly executionClass?: string;
}

/** A dataset that another dataset reads, in this app or in another app. */
export interface Input {
  /** The name of the dataset, in the format `layer/dataset`. */
  readonly dataset: string;
  /** The s3:// prefix of the run records of the dataset. */
  readonly runs: string;
}

/** The job argument that distinguishes the Glue jobs of datasets from other jobs. */
const DOCUMENT = '--dataset_config';

/** The content of the job argument `--names`: names that the stack computes for the job. */
interface Names {
  readonly dataset: string;
  readonly layer: string;
  readonly bucket: string;
  readonly database: string;
  readonly runs: string;
  /** Set for derived datasets, and for bronze datasets that read tables. */
  readonly inputs?: Input[];
  readonly tables: Record<string, { readonly name: string }>;
  /** Set for Iceberg tables only. */
  readonly snapshot_retention_hours?: number;
}

/**
 * The datasets of an app, in the order of its stacks.
 *
 * @param app the cloud assembly that `cdk synth` wrote
 * @param values the values of `--value`
 * @param environment the environment of stacks whose account or Region the app does not set; default: an example
 * environment
 */
export function readDatasets(
  app: string, values: Readonly<Record<string, string>> = {}, environment?: Environment,
): Dataset[] {
  const stacks = readStacks(app, values, environment);
  return stacks.flatMap(stack => resourcesOf(stack, 'AWS::Glue::Job')
    .filter(([, job]) => DOCUMENT in ((job.Properties?.DefaultArguments ?? {}) as object))
    .map(([, job]) => toDataset(stack, stacks, job.Properties ?? {})));
}

function toDataset(stack: Stack, stacks: Stack[], properties: Record<string, Value>): Dataset {
  const property = (name: string) => resolve(properties[name] ?? null, stack);
  const defaultArguments = property('DefaultArguments') as Record<string, Value>;
  const names = JSON.parse(String(defaultArguments['--names'])) as Names;
  let deployments: Deployment[] | undefined;
  return {
    dataset: names.dataset,
    layer: names.layer,
    stack: stack.stack,
    assembly: stack.assembly,
    job: String(property('Name')),
    description: String(property('Description') ?? ''),
    glueVersion: String(property('GlueVersion')),
    tables: Object.values(names.tables).map(table => `${names.database}.${table.name}`),
    bucket: names.bucket,
    account: stack.account,
    region: stack.region,
    runs: names.runs,
    tableFormat: names.snapshot_retention_hours === undefined ? 'parquet' : 'iceberg',
    size: {
      workerType: textOf(properties.WorkerType),
      workers: numberOf(property('NumberOfWorkers')),
      timeoutMinutes: numberOf(property('Timeout')),
      maxRetries: numberOf(property('MaxRetries')),
      executionClass: textOf(properties.ExecutionClass ?? 'STANDARD'),
    },
    inputs: (names.inputs ?? []).map(({ dataset, runs }) => ({ dataset, runs })),
    script: String((property('Command') as Record<string, Value>).ScriptLocation),
    arguments: Object.fromEntries(Object.entries(defaultArguments).map(([name, value]) => [name, String(value)])),
    policies: () => policiesOfRole(properties.Role ?? null, stack, stacks),
    deployments: () => deployments ??= readDeployments(stack, names.bucket).filter(
      deployment => !hasUnknownValues(deployment) || isOfDataset(deployment, names),
    ),
  };
}

/** The value if it is a string. Undefined for an intrinsic function. */
function textOf(value?: Value): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Numbers in a template can be strings. */
function numberOf(value: Value): number | undefined {
  return value === null || value === '' || Number.isNaN(Number(value)) ? undefined : Number(value);
}

/** Whether the job of a dataset uses Iceberg. */
export function usesIceberg(dataset: Pick<Dataset, 'arguments'>): boolean {
  return (dataset.arguments['--datalake-formats'] ?? '').split(',').includes('iceberg');
}

/** Whether a deployment contains files of a dataset. Several layers can have a dataset with the same name. */
function isOfDataset({ source, bucket, prefix }: Deployment, { dataset, layer, bucket: lake }: Names): boolean {
  const folder = path.join(source, dataset, 'glue');
  return bucket === lake && prefix === 'etl' && fs.existsSync(folder)
    && fs.readdirSync(folder).some(name => name.startsWith(`${layer}.`) || name === `${layer}_job.py`);
}

/** The name of a dataset that is unique in its lake: `layer/dataset`. */
export function fullName({ layer, dataset }: Pick<Dataset, 'layer' | 'dataset'>): string {
  return `${layer}/${dataset}`;
}

/**
 * The datasets of an app, or of one of its stacks. Fails if there are none.
 *
 * @param stack if set, only the datasets of this stack
 */
export function selectDatasets(datasets: Dataset[], stack?: string): Dataset[] {
  const inStack = datasets.filter(each => !stack || each.stack === stack);
  if (inStack.length === 0) {
    const stacks = datasets.map(each => each.stack);
    throw new Failure(stack && datasets.length
      ? `Stack "${stack}" does not contain a dataset. ${didYouMean(stack, stacks)}`
        + `Stacks with datasets: ${listNames(stacks)}.`
      : 'The app does not contain a dataset yet. Add a BronzeDataset to a stack, and run `npx cdk synth`.', 2);
  }
  return inStack;
}

/**
 * Finds the dataset with this name. Fails if no dataset or several datasets have this name.
 *
 * @param name the dataset, or `layer/dataset` if several layers have a dataset with that name
 * @param stack if set, only the datasets of this stack are searched
 */
export function selectDataset(datasets: Dataset[], name: string, stack?: string): Dataset {
  const inStack = selectDatasets(datasets, stack);
  const matches = inStack.filter(each => name === each.dataset || name === fullName(each));
  if (matches.length === 1) {
    return matches[0];
  }
  if (matches.length > 1) {
    const candidates = matches.map(each => `${fullName(each)} in stack ${each.stack}`).join(', ');
    throw new Failure(
      `"${name}" matches ${matches.length} datasets: ${candidates}. `
        + disambiguationOf(matches.map(each => ({ name: fullName(each), stack: each.stack })), 'LAYER/DATASET'),
      2,
    );
  }
  const names = inStack.map(each => each.dataset);
  const suggestion = didYouMean(name, name.includes('/') ? inStack.map(fullName) : names, name.includes('/'));
  throw new Failure(
    `The dataset "${name}" does not exist. ${suggestion}The datasets of the app are: ${listNames(names)}.`,
    2,
  );
}

/**
 * Describes how to select one of several matches. Suggests only options that make the selection unique.
 *
 * @param form the format of the names, such as `LAYER/DATASET`
 */
export function disambiguationOf(matches: { readonly name: string; readonly stack: string }[], form: string): string {
  const names = [...new Set(matches.map(each => each.name))];
  const stacks = [...new Set(matches.map(each => each.stack))];
  const suggestions = [
    ...names.length === matches.length ? [`specify ${names.join(' or ')}`] : [],
    ...stacks.length === matches.length ? [`add --stack ${stacks.join(' or --stack ')}`] : [],
  ];
  if (suggestions.length > 0) {
    const sentence = `${suggestions.join(', or ')}.`;
    return sentence[0].toUpperCase() + sentence.slice(1);
  }
  return new Set(matches.map(each => `${each.name} ${each.stack}`)).size === matches.length
    ? `Specify ${form} and add --stack STACK.`
    : 'Select the assembly of one stage with --app cdk.out/assembly-STAGE.';
}

/** Formats a list of names for an error message, without duplicates. */
export function listNames(names: string[]): string {
  const unique = [...new Set(names)];
  return unique.slice(0, 12).join(', ')
    + (unique.length > 12 ? ` and ${unique.length - 12} more (\`medallion list\`)` : '');
}
