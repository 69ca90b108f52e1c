import { statSync } from 'fs';
import { App, NestedStack, Stack, StackProps, Stage } from 'aws-cdk-lib';
import { BronzeDataset, BronzeDatasetProps, EtlCore, GlueConnection, Schedule, Source } from '../../../src';
import { bronze } from '../../layouts';

/** A stack with datasets, whose environment is only known at deployment, which makes the template larger. */
function stackWith(
  number: number,
  props: (index: number) => Partial<BronzeDatasetProps>,
  { app = new App(), ...stackProps }: StackProps & { app?: App } = {},
): Stack {
  const core = new EtlCore(new Stack(app, 'Core'), 'Core', { resourcePrefix: 'pp-dw', metrics: true, encrypted: true });
  const stack = new Stack(app, 'Lake', stackProps);
  for (let index = 0; index < number; index++) {
    bronze({ stack, core }, { dataset: `dataset-${index}`, ...props(index) }, `Dataset${index}`);
  }
  return stack;
}

const fromS3 = (index: number) => ({ source: Source.s3(`s3://vendor-bucket/d${index}/`) });
const fromTwoBuckets = (index: number) => ({ source: Source.urls([`s3://vendor-a/d${index}/`, `s3://vendor-b/d${index}/`]) });

const withResourceLimit = (limit: number) => new App({ context: { '@aws-cdk/core:stackResourceLimit': limit } });

function synthesized(stack: Stack): { bytes: number; messages: string[] } {
  const artifact = (stack.node.root as App).synth().getStackArtifact(stack.artifactId);
  return {
    bytes: statSync(artifact.templateFullPath).size,
    messages: artifact.messages.map(({ entry }) => String(entry.data)),
  };
}

test('a template with 115 datasets, each with its own role, is within the limit', () => {
  const { bytes, messages } = synthesized(stackWith(115, fromS3));
  expect(bytes).toBeLessThan(1_000_000);
  expect(messages.filter(message => message.includes('exceeds'))).toEqual([]);
});

test('a template with 100 datasets, each with a role and a schedule, is within the limit', () => {
  const schedule = Schedule.cron('0 6 * * ? *');
  expect(synthesized(stackWith(100, index => ({ ...fromS3(index), schedule }))).bytes).toBeLessThan(1_000_000);
});

test('a template that is larger than CloudFormation allows is an error with a remedy', () => {
  const stack = stackWith(150, fromTwoBuckets);
  expect(() => (stack.node.root as App).synth()).toThrow(new RegExp(
    '^STACK_TOO_LARGE: Lake: the template has 1\\d{6} bytes; CloudFormation allows 1000000. It contains 150 datasets. '
      + 'Split the datasets across several stacks: .* Alternatively, set suppressTemplateIndentation on the stack.$',
  ));
});

test('without indentation, the same template is within the limit', () => {
  const stack = stackWith(150, fromTwoBuckets, { suppressTemplateIndentation: true });
  expect(synthesized(stack).bytes).toBeLessThan(1_000_000);
});

test('the template of a stack in a stage is checked', () => {
  const app = new App();
  const stage = new Stage(app, 'Prod');
  const core = EtlCore.fromPrefixes(new Stack(stage, 'Core'), 'Core', { resourcePrefix: 'pp-dw' });
  const stack = new Stack(stage, 'Lake');
  for (let index = 0; index < 160; index++) {
    bronze({ stack, core }, { dataset: `dataset-${index}`, ...fromTwoBuckets(index) }, `Dataset${index}`);
  }
  expect(() => app.synth()).toThrow(/^STACK_TOO_LARGE: Prod\/Lake: the template/);
});

test('more resources than CloudFormation allows are an error with a remedy', () => {
  const stack = stackWith(250, () => ({}));
  expect(() => (stack.node.root as App).synth()).toThrow(new RegExp(
    '^STACK_TOO_LARGE: Lake: the stack has 50\\d resources; CloudFormation allows 500. It contains 250 datasets, '
      + '.*Split the datasets across several stacks',
  ));
});

test('a resource limit in the context of the app is respected', () => {
  const limited = stackWith(10, () => ({}), { app: withResourceLimit(20) });
  expect(() => (limited.node.root as App).synth())
    .toThrow(/^STACK_TOO_LARGE: Lake: the stack has \d+ resources; .* allows 20/);
  const unlimited = stackWith(250, () => ({}), { app: withResourceLimit(0) });
  expect(() => (unlimited.node.root as App).synth()).not.toThrow();
});

test('datasets in nested stacks have their own limit', () => {
  const app = new App();
  const stack = new Stack(app, 'Lake');
  const core = EtlCore.fromPrefixes(stack, 'Core', { resourcePrefix: 'pp-dw' });
  for (const name of ['a', 'b']) {
    const nested = new NestedStack(stack, name);
    for (let index = 0; index < 150; index++) {
      new BronzeDataset(nested, `D${index}`, {
        core, dataset: `${name}-${index}`, dataSizeCategory: 'small' as never, source: Source.url('https://example.org/a'),
      });
    }
  }
  expect(() => app.synth()).not.toThrow();
});

test('datasets share the permissions that they have in common', () => {
  const stack = stackWith(3, index => ({ ...fromS3(index), connection: GlueConnection.fromName('vendor') }));
  const { Resources } = (stack.node.root as App).synth().getStackArtifact(stack.artifactId).template;
  const types = Object.values(Resources as { [id: string]: { Type: string } }).map(({ Type }) => Type);
  expect(types.filter(type => type === 'AWS::IAM::ManagedPolicy')).toHaveLength(2);
});
