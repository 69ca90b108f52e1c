import { App, Environment, Stack } from 'aws-cdk-lib';
import {
  BronzeDataset,
  BronzeDatasetProps,
  DataSizeCategory,
  EtlCore,
  EtlCorePrefixes,
  GoldDataset,
  GoldDatasetProps,
  IEtlCore,
  Source,
  Transform,
} from '../src';

export const ENV = { account: '123456789012', region: 'eu-central-1' };
export const PREFIXES: EtlCorePrefixes = { resourcePrefix: 'pp-dw' };

/** A lake to put datasets into. */
export interface Lake {
  readonly app: App;
  readonly core: IEtlCore;
  readonly stack: Stack;
}

/** The ways to lay a lake out over stacks and apps; the rules of the design hold in each of them. */
export const LAYOUTS: { readonly name: string; lake(env?: Environment, prefixes?: EtlCorePrefixes): Lake }[] = [
  {
    name: 'one stack',
    lake: (env, prefixes = PREFIXES) => {
      const app = new App();
      const stack = new Stack(app, 'Lake', { env });
      return { app, stack, core: new EtlCore(stack, 'Core', prefixes) };
    },
  },
  {
    name: 'a stack for the core and one for datasets',
    lake: (env, prefixes = PREFIXES) => {
      const app = new App();
      const core = new EtlCore(new Stack(app, 'Core', { env }), 'Core', prefixes);
      return { app, core, stack: new Stack(app, 'Lake', { env }) };
    },
  },
  {
    name: 'the core in another app',
    lake: (env, prefixes = PREFIXES) => {
      const app = new App();
      const stack = new Stack(app, 'Lake', { env });
      return { app, stack, core: EtlCore.fromPrefixes(stack, 'Core', prefixes) };
    },
  },
];

/** A dataset of which only what a test is about is said. */
export function bronze(
  { stack, core }: Pick<Lake, 'stack' | 'core'>,
  props: Partial<BronzeDatasetProps> = {},
  id = 'Bronze',
): BronzeDataset {
  return new BronzeDataset(stack, id, {
    core,
    dataset: 'fda-nsde',
    dataSizeCategory: DataSizeCategory.SMALL,
    source: Source.url('https://example.org/nsde.zip'),
    ...props,
  });
}

/** The same of gold: made from `fda-nsde`. */
export function gold(
  { stack, core }: Pick<Lake, 'stack' | 'core'>,
  props: Partial<GoldDatasetProps> = {},
  id = 'Gold',
): GoldDataset {
  return new GoldDataset(stack, id, {
    core,
    dataset: 'fda-summary',
    dataSizeCategory: DataSizeCategory.SMALL,
    inputs: [BronzeDataset.fromName(core, 'fda-nsde')],
    transform: Transform.sql('SELECT count(*) AS rows FROM pp_dw_bronze.fda_nsde'),
    ...props,
  });
}
