import { readStacks, resourcesOf, Stack } from './assembly';
import { Dataset, disambiguationOf, fullName, listNames } from './dataset';
import { Failure } from './failure';
import { resolve, Resource, Value } from './intrinsics';
import { didYouMean } from '../private/errors/suggestion';
import { PipelineNode } from '../private/state-machines/pipeline-machine';

/** A pipeline of the app: a state machine that runs datasets. */
export interface Pipeline {
  readonly pipeline: string;
  /** The name of the state machine. */
  readonly stateMachine: string;
  /** The ARN of the state machine. Undefined if the account or the Region is unknown. */
  readonly arn?: string;
  readonly resourcePrefix: string;
  readonly stack: string;
  /** The cloud assembly that contains its stack. */
  readonly assembly: string;
  readonly account: string;
  readonly region: string;
  /** The datasets, each after its inputs. */
  readonly nodes: PipelineNode[];
  /** The maximum number of datasets that run at the same time. */
  readonly max: number;
  /** Whether datasets that depend on a failed input run with the published tables of the input. */
  readonly usesPublished: boolean;
  /** Such as `cron(0 6 * * ? *)`. Undefined without a schedule. */
  readonly schedule?: string;
  readonly timezone?: string;
}

/** The keys that this module reads from the definition of a state machine. Other state machines may not have them. */
interface PipelineDefinition {
  readonly States?: {
    readonly Datasets?: {
      readonly Assign?: {
        readonly nodes?: PipelineNode[];
        readonly max_jobs?: number;
        readonly uses_published?: boolean;
      };
    };
    readonly Result?: { readonly Output?: { readonly pipeline?: string } };
  };
}

/**
 * The pipelines of an app, in the order of its stacks.
 *
 * @param app the cloud assembly that `cdk synth` wrote
 * @param values the values of `--value`
 */
export function readPipelines(app: string, values: Readonly<Record<string, string>> = {}): Pipeline[] {
  return readStacks(app, values).flatMap(stack =>
    resourcesOf(stack, 'AWS::StepFunctions::StateMachine').flatMap(([id, resource]) =>
      toPipeline(stack, id, resource) ?? []));
}

function toPipeline(stack: Stack, id: string, { Properties: properties = {} }: Resource): Pipeline | undefined {
  const { States: states } = parse(resolve(properties.DefinitionString ?? '', stack));
  const assigned = states?.Datasets?.Assign;
  const pipeline = states?.Result?.Output?.pipeline;
  if (!Array.isArray(assigned?.nodes) || pipeline === undefined) {
    return undefined;
  }
  const stateMachine = String(resolve(properties.StateMachineName ?? '', stack));
  const { account, region } = stack;
  const arn = `arn:${partitionOf(region)}:states:${region}:${account}:stateMachine:${stateMachine}`;
  return {
    pipeline,
    stateMachine,
    ...(stack.hasEnvironment && { arn }),
    resourcePrefix: stateMachine.slice(0, -`-${pipeline}`.length),
    stack: stack.stack,
    assembly: stack.assembly,
    account,
    region,
    nodes: assigned.nodes,
    max: assigned.max_jobs ?? 1,
    usesPublished: assigned.uses_published ?? false,
    ...scheduleOf(stack, id),
  };
}

function parse(definition: Value): PipelineDefinition {
  try {
    return Object(JSON.parse(String(definition))) as PipelineDefinition;
  } catch {
    // The definition of another state machine can be in a file, or contain values that are only known at deployment.
    return {};
  }
}

/** The schedule that starts the state machine with the given logical ID. */
function scheduleOf(stack: Stack, id: string): Pick<Pipeline, 'schedule' | 'timezone'> {
  const starts = (value: Value): boolean => JSON.stringify(value).includes(JSON.stringify(id));
  for (const [, { Properties: properties = {} }] of resourcesOf(stack, 'AWS::Scheduler::Schedule')) {
    const { Arn: arn = null } = Object(properties.Target ?? null) as Record<string, Value>;
    if (starts(arn)) {
      const timezone = properties.ScheduleExpressionTimezone;
      return {
        schedule: String(resolve(properties.ScheduleExpression ?? '', stack)),
        ...(timezone !== undefined && { timezone: String(resolve(timezone, stack)) }),
      };
    }
  }
  return {};
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
function partitionOf(region: string): string {
  return region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** The datasets of a pipeline that are in the same cloud assembly as the pipeline, keyed by `layer/dataset`. */
export function datasetsOf(
  { resourcePrefix, assembly, account, region, nodes }: Pipeline, datasets: Dataset[],
): Map<string, Dataset> {
  const inLake = datasets.filter(each => each.assembly === assembly && each.account === account
    && each.region === region && each.job === `${resourcePrefix}-${each.layer}-${each.dataset}`);
  const members = new Set(nodes.map(({ dataset }) => dataset));
  return new Map(inLake.filter(each => members.has(fullName(each))).map(each => [fullName(each), each]));
}

/**
 * Finds the pipeline with the given name. Fails if no pipeline or several pipelines have this name.
 *
 * @param name the pipeline, or its state machine if several lakes have a pipeline with that name
 * @param stack if set, only the pipelines of this stack
 */
export function selectPipeline(pipelines: Pipeline[], name: string, stack?: string): Pipeline {
  if (pipelines.length === 0) {
    throw new Failure(
      'The app does not contain a pipeline yet. Add an EtlPipeline to a stack, and run `npx cdk synth`. To run all '
        + 'datasets without a pipeline, use `medallion run --all`.',
      2,
    );
  }
  const inStack = pipelines.filter(each => !stack || each.stack === stack);
  if (stack && inStack.length === 0) {
    const stacks = pipelines.map(each => each.stack);
    throw new Failure(
      `Stack "${stack}" does not contain a pipeline. ${didYouMean(stack, stacks)}`
        + `Stacks with pipelines: ${listNames(stacks)}.`,
      2,
    );
  }
  const matches = inStack.filter(each => name === each.pipeline || name === each.stateMachine);
  if (matches.length === 1) {
    return matches[0];
  }
  if (matches.length > 1) {
    const candidates = matches.map(each => `${each.stateMachine} in stack ${each.stack}`).join(', ');
    throw new Failure(
      `"${name}" matches ${matches.length} pipelines: ${candidates}. `
        + disambiguationOf(matches.map(each => ({ ...each, name: each.stateMachine })), 'the state machine'),
      2,
    );
  }
  const names = inStack.map(each => each.pipeline);
  throw new Failure(
    `The pipeline "${name}" does not exist. ${didYouMean(name, names)}The pipelines of the app are: `
      + `${listNames(names)}.`,
    2,
  );
}
