import { App, Environment, Stack } from 'aws-cdk-lib';
import {
  BronzeDataset,
  BronzeDatasetProps,
  DataSizeCategory,
  DerivedDataset,
  DerivedDatasetProps,
  EtlCore,
  EtlCorePrefixes,
  GoldDataset,
  IEtlCore,
  SilverDataset,
  Source,
  Transform,
} from '../src';

export const ENV = { account: '123456789012', region: 'eu-central-1' };
export const PREFIXES: EtlCorePrefixes = { resourcePrefix: 'pp-dw' };

/** A lake, and the stack for its datasets. */
export interface Lake {
  readonly app: App;
  readonly core: IEtlCore;
  readonly stack: Stack;
}

/** The ways to distribute a lake over stacks and apps. Tests run in each of them. */
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

/** A bronze dataset. A test passes only the props that it is about. */
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

/** The classes of derived datasets. */
export const DERIVED = { silver: SilverDataset, gold: GoldDataset } as const;
export type DerivedLayer = keyof typeof DERIVED;

/** A derived dataset with the input `fda-nsde`. A test passes only the props that it is about. */
export function derived(
  layer: DerivedLayer,
  { stack, core }: Pick<Lake, 'stack' | 'core'>,
  props: Partial<DerivedDatasetProps> = {},
  id = 'Derived',
): DerivedDataset {
  return new DERIVED[layer](stack, id, {
    core,
    dataset: 'fda-summary',
    dataSizeCategory: DataSizeCategory.SMALL,
    inputs: [BronzeDataset.fromName(core, 'fda-nsde')],
    transform: Transform.sql('SELECT count(*) AS rows FROM pp_dw_bronze.fda_nsde'),
    ...props,
  });
}

/** A gold dataset with the input `fda-nsde`. A test passes only the props that it is about. */
export function gold(
  where: Pick<Lake, 'stack' | 'core'>, props: Partial<DerivedDatasetProps> = {}, id = 'Gold',
): DerivedDataset {
  return derived('gold', where, props, id);
}
