import { App, CfnParameter, Stack } from 'aws-cdk-lib';
import { BronzeDataset, EtlCore, EtlDashboard, EtlDashboardProps, GoldDataset } from '../src';
import { resource, resources } from './assembly';
import { bronze, ENV, gold, Lake, LAYOUTS, PREFIXES } from './layouts';

const WITH_METRICS = { ...PREFIXES, metrics: true };

function dashboard({ stack, core }: Lake, props: Partial<EtlDashboardProps> = {}): EtlDashboard {
  return new EtlDashboard(stack, 'Dashboard', { core, datasets: [BronzeDataset.fromName(core, 'fda-nsde')], ...props });
}

interface Widget {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly properties: { readonly title: string; readonly metrics: unknown[][]; readonly region: string };
}

function body(stack: Stack): { start: string; widgets: Widget[] } {
  return JSON.parse(resource(stack, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody);
}

describe.each(LAYOUTS)('in the layout $name', ({ lake }) => {
  test('each dataset has a row with runs, duration, rows and freshness', () => {
    const where = lake(ENV, WITH_METRICS);
    dashboard(where, { datasets: [bronze(where), gold(where)] });
    const { start, widgets } = body(where.stack);
    expect(resource(where.stack, 'AWS::CloudWatch::Dashboard').Properties.DashboardName).toBe('pp-dw');
    expect(start).toBe('-P7D');
    expect(widgets.map(({ x, y, properties }) => [x, y, properties.title])).toEqual([
      [0, 0, 'bronze/fda-nsde: runs'],
      [6, 0, 'bronze/fda-nsde: duration'],
      [12, 0, 'bronze/fda-nsde: rows published'],
      [18, 0, 'bronze/fda-nsde: hours since the last publication'],
      [0, 5, 'gold/fda-summary: runs'],
      [6, 5, 'gold/fda-summary: duration'],
      [12, 5, 'gold/fda-summary: rows published'],
      [18, 5, 'gold/fda-summary: hours since the last publication'],
    ]);
  });
});

test('the graphs show the metrics that runs publish', () => {
  const where = LAYOUTS[0].lake(ENV, WITH_METRICS);
  dashboard(where);
  const of = (name: string) => ['pp-dw', name, 'Dataset', 'fda-nsde', 'Layer', 'bronze'];
  const [runs, duration, rows, freshness] = body(where.stack).widgets.map(({ properties }) => properties.metrics);
  expect(runs).toEqual([
    [...of('Runs'), expect.objectContaining({ stat: 'Sum', period: 3600 })],
    [...of('Failures'), expect.objectContaining({ stat: 'Sum', period: 3600 })],
  ]);
  expect(duration).toEqual([[...of('DurationSeconds'), expect.objectContaining({ stat: 'Maximum' })]]);
  expect(rows).toEqual([[...of('Rows'), expect.objectContaining({ stat: 'Maximum' })]]);
  expect(freshness).toEqual([
    [
      {
        expression: '(EPOCH(published) + PERIOD(published) - FILL(published, REPEAT)) / 3600',
        label: 'hours',
        period: 3600,
      },
    ],
    [...of('PublishedAt'), expect.objectContaining({ stat: 'Maximum', period: 3600, visible: false, id: 'published' })],
  ]);
});

test('a second dashboard of a lake needs another name', () => {
  const where = LAYOUTS[0].lake(ENV, WITH_METRICS);
  dashboard(where);
  const second = { core: where.core, datasets: [GoldDataset.fromName(where.core, 'summary')] };
  new EtlDashboard(where.stack, 'Second', { ...second, dashboardName: 'pp-dw-gold' });
  expect(() => new EtlDashboard(where.stack, 'Third', second)).toThrow(
    'NAME_TAKEN: Lake/Third: the dashboard "pp-dw" is already used by "Lake/Dashboard".',
  );
  expect(
    resources(where.stack, 'AWS::CloudWatch::Dashboard').map(({ Properties }) => Properties.DashboardName),
  ).toEqual(['pp-dw', 'pp-dw-gold']);
});

test.each(LAYOUTS)('a dashboard without metrics in the core is an error: $name', ({ lake }) => {
  expect(() => dashboard(lake(ENV))).toThrow(
    'SETTING_REQUIRED: Lake/Dashboard: metrics are disabled in the core, so the runs of the lake publish no '
      + 'metrics. Set metrics: true in the EtlCore, and in EtlCore.fromPrefixes if another app deploys the core.',
  );
});

test('a dashboard shows 1 to 125 datasets, the limit of CloudWatch', () => {
  const datasets = (count: number) => {
    const where = LAYOUTS[0].lake(ENV, WITH_METRICS);
    dashboard(where, {
      datasets: Array.from({ length: count }, (_, index) => BronzeDataset.fromName(where.core, `dataset-${index}`)),
    });
    return body(where.stack).widgets;
  };
  expect(datasets(125)).toHaveLength(500);
  expect(() => datasets(0)).toThrow(
    'DATASETS_REQUIRED: Lake/Dashboard: the list "datasets" is empty. Add at least one dataset.',
  );
  expect(() => datasets(126)).toThrow(
    'DASHBOARD_TOO_LARGE: Lake/Dashboard: the list "datasets" has 126 elements; the maximum is 125, because a '
      + 'CloudWatch dashboard can have 500 widgets. Create a second dashboard with its own dashboardName.',
  );
});

test('a dataset of another lake is an error', () => {
  const where = LAYOUTS[0].lake(ENV, WITH_METRICS);
  const other = EtlCore.fromPrefixes(where.stack, 'Other', { resourcePrefix: 'other' });
  expect(() => dashboard(where, { datasets: [BronzeDataset.fromName(other, 'zipcodes')] })).toThrow(
    'LAKE_MISMATCH: Lake/Dashboard: datasets[0] is "zipcodes", which belongs to the lake "other". Use datasets of the '
      + 'lake "pp-dw", or create another dashboard.',
  );
});

test('the prefix and the environment can be tokens', () => {
  const stack = new Stack(new App(), 'Lake');
  const core = new EtlCore(stack, 'Core', {
    resourcePrefix: new CfnParameter(stack, 'Prefix').valueAsString,
    metrics: true,
  });
  new EtlDashboard(stack, 'Dashboard', { core, datasets: [BronzeDataset.fromName(core, 'fda-nsde')] });
  expect(resource(stack, 'AWS::CloudWatch::Dashboard').Properties.DashboardName).toBe('${Prefix}');
  expect(body(stack).widgets[0].properties.metrics[0][0]).toBe('${Prefix}');
});
