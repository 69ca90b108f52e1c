import { Deployment, readDeployments, readStacks, resourcesOf, Stack } from './assembly';
import { Failure } from './failure';
import { resolve, Value } from './intrinsics';
import { closestMatch } from '../private/errors/suggestion';

/** A dataset of the app: a Glue job that takes a dataset's document. */
export interface Dataset {
  readonly dataset: string;
  /** bronze or gold */
  readonly layer: string;
  readonly stack: string;
  /** The assembly of its stack. */
  readonly assembly: string;
  readonly job: string;
  readonly description: string;
  readonly glueVersion: string;
  /** The Athena names of its tables, with their database. */
  readonly tables: string[];
  readonly bucket: string;
  readonly region: string;
  /** s3:// prefix of the runs' records: no two datasets of a lake have the same. */
  readonly runs: string;
  /** What it is made from. */
  readonly inputs: Input[];
  /** s3:// URI of the job's script. */
  readonly script: string;
  /** The job's default arguments. */
  readonly arguments: Record<string, string>;
  /** What its stack puts into buckets. */
  readonly deployments: () => Deployment[];
}

/** A dataset that another one is made from, in this app or in another. */
export interface Input {
  /** As `layer/dataset`. */
  readonly dataset: string;
  /** s3:// prefix of its runs' records. */
  readonly runs: string;
}

/** The argument that makes a Glue job a dataset's. */
const DOCUMENT = '--dataset_config';

/** The computed names that a stack hands to its job. */
interface Names {
  readonly dataset: string;
  readonly layer: string;
  readonly bucket: string;
  readonly database: string;
  readonly runs: string;
  /** Of gold only. */
  readonly inputs?: Input[];
  readonly tables: Record<string, { readonly name: string }>;
}

/**
 * The datasets of an app, in the order of its stacks.
 *
 * @param app the assembly that `cdk synth` wrote
 */
export function readDatasets(app: string): Dataset[] {
  return readStacks(app).flatMap(stack => resourcesOf(stack, 'AWS::Glue::Job')
    .filter(([, job]) => DOCUMENT in ((job.Properties?.DefaultArguments ?? {}) as object))
    .map(([id, job]) => toDataset(stack, id, job.Properties ?? {})));
}

function toDataset(stack: Stack, id: string, properties: Record<string, Value>): Dataset {
  const property = (name: string) => resolve(properties[name] ?? null, stack, `${name} of ${id}`);
  const given = property('DefaultArguments') as Record<string, Value>;
  const names = JSON.parse(String(given['--names'])) as Names;
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
    region: stack.region,
    runs: names.runs,
    inputs: (names.inputs ?? []).map(({ dataset, runs }) => ({ dataset, runs })),
    script: String((property('Command') as Record<string, Value>).ScriptLocation),
    arguments: Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)])),
    deployments: () => readDeployments(stack),
  };
}

/** A dataset's name that no other of its lake has: `layer/dataset`. */
export function fullName({ layer, dataset }: Pick<Dataset, 'layer' | 'dataset'>): string {
  return `${layer}/${dataset}`;
}

/**
 * The datasets of an app, or those of one of its stacks: one at least.
 *
 * @param stack only in this stack
 */
export function pickDatasets(datasets: Dataset[], stack?: string): Dataset[] {
  const inStack = datasets.filter(each => !stack || each.stack === stack);
  if (inStack.length === 0) {
    throw new Failure(stack && datasets.length
      ? `There is no dataset in stack "${stack}". Stacks with datasets: ${list(datasets.map(each => each.stack))}.`
      : 'The app has no datasets yet. Add a BronzeDataset to a stack, and run `npx cdk synth`.', 2);
  }
  return inStack;
}

/**
 * The one dataset of that name.
 *
 * @param name the dataset, or `layer/dataset` where several layers have one of that name
 * @param stack only in this stack
 */
export function pickDataset(datasets: Dataset[], name: string, stack?: string): Dataset {
  const inStack = pickDatasets(datasets, stack);
  const found = inStack.filter(each => name === each.dataset || name === fullName(each));
  if (found.length === 1) {
    return found[0];
  }
  if (found.length > 1) {
    const which = found.map(each => `${fullName(each)} of stack ${each.stack}`).join(', ');
    throw new Failure(`"${name}" is ${found.length} datasets: ${which}. ${toTellApart(found)}`, 2);
  }
  const nearest = closestMatch(name, inStack.map(each => each.dataset));
  const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  throw new Failure(
    `There is no dataset "${name}".${hint} The app has: ${list(inStack.map(each => each.dataset))}.`,
    2,
  );
}

/** What to say to mean one of the datasets: only what does. */
function toTellApart(found: Dataset[]): string {
  const layers = [...new Set(found.map(fullName))];
  const stacks = [...new Set(found.map(each => each.stack))];
  const ways = [
    ...layers.length === found.length ? [`Say ${layers.join(' or ')}`] : [],
    ...stacks.length === found.length ? [`Add --stack ${stacks.join(' or --stack ')}`] : [],
  ];
  if (ways.length > 0) {
    return `${ways.join('. Or: ')}.`;
  }
  return new Set(found.map(each => `${fullName(each)} ${each.stack}`)).size === found.length
    ? 'Say LAYER/DATASET and add --stack STACK.'
    : 'Name the assembly of one stage: --app cdk.out/assembly-STAGE.';
}

function list(names: string[]): string {
  const all = [...new Set(names)];
  return all.slice(0, 12).join(', ') + (all.length > 12 ? ` and ${all.length - 12} more (\`medallion list\`)` : '');
}
