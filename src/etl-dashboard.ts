import { Duration, Stack, Token } from 'aws-cdk-lib';
import {
  Color,
  Dashboard,
  GraphWidget,
  IMetric,
  MathExpression,
  Metric,
  MetricOptions,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { IDataset } from './i-dataset';
import { IEtlCore } from './i-etl-core';
import { LakeNames } from './naming';
import { synthError } from './private/errors/synth-error';
import { claimName } from './private/resources/unique-names';

/** Which datasets a dashboard shows. */
export interface EtlDashboardProps {
  /** The lake of the datasets, with `metrics`. */
  readonly core: IEtlCore;

  /**
   * What is shown, in this order; datasets of other apps by `BronzeDataset.fromName` and `GoldDataset.fromName`. 125 at
   * most.
   */
  readonly datasets: IDataset[];

  /**
   * The name of the dashboard. A second one of the lake needs a name of its own.
   *
   * @default - `<resourcePrefix>`
   */
  readonly dashboardName?: string;
}

/**
 * A CloudWatch dashboard with a row for each dataset: its runs and failures, how long they took, the rows that were
 * published, and the hours since the last publication.
 *
 * It begins with the last seven days. A dataset that published nothing in the time that is shown has no line for the
 * hours since.
 */
export class EtlDashboard extends Construct {
  /** The dashboard itself, to add what you like. */
  public readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: EtlDashboardProps) {
    super(scope, id);
    const { core, datasets } = props;
    checkDatasets(this, props);
    const names = new LakeNames(this, core);
    const dashboardName = props.dashboardName ?? names.dashboard;
    // Dashboards know no regions.
    claimName(this, 'dashboard', dashboardName, Stack.of(this).account);
    this.dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName,
      defaultInterval: Duration.days(7),
      widgets: datasets.map(dataset => row(names, dataset)),
    });
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html */
const MAX_WIDGETS = 500;
const WIDGETS_OF_A_ROW = 4;

/** A row is 24 wide. */
function row(names: LakeNames, { layer, dataset }: IDataset): GraphWidget[] {
  const metric = (metricName: string, options: MetricOptions) => new Metric({
    namespace: names.metricsNamespace,
    metricName,
    dimensionsMap: { Dataset: dataset, Layer: layer },
    period: Duration.hours(1),
    ...options,
  });
  const graph = (title: string, unit: string, ...left: IMetric[]) => new GraphWidget({
    title: `${layer}/${dataset}: ${title}`,
    left,
    leftYAxis: { label: unit, min: 0, showUnits: false },
    width: 24 / WIDGETS_OF_A_ROW,
    height: 5,
  });
  return [
    graph(
      'runs',
      'runs',
      metric('Runs', { statistic: Stats.SUM, label: 'runs' }),
      metric('Failures', { statistic: Stats.SUM, label: 'failures', color: Color.RED }),
    ),
    graph('duration', 'seconds', metric('DurationSeconds', { statistic: Stats.MAXIMUM, label: 'seconds' })),
    graph('rows published', 'rows', metric('Rows', { statistic: Stats.MAXIMUM, label: 'rows' })),
    graph(
      'hours since the last publication',
      'hours',
      new MathExpression({
        // At the end of each period; between publications the last one counts on.
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
        expression: '(EPOCH(published) + PERIOD(published) - FILL(published, REPEAT)) / 3600',
        usingMetrics: { published: metric('PublishedAt', { statistic: Stats.MAXIMUM }) },
        period: Duration.hours(1),
        label: 'hours',
      }),
    ),
  ];
}

function checkDatasets(scope: Construct, { core, datasets }: EtlDashboardProps): void {
  if (!core.metrics) {
    throw synthError(
      scope,
      'SETTING_REQUIRED',
      'metrics are disabled in the core.',
      'Set metrics: true in the EtlCore, and in EtlCore.fromPrefixes if another app deploys the core.',
    );
  }
  if (datasets.length === 0) {
    throw synthError(scope, 'DATASETS_REQUIRED', 'datasets is empty.', 'Add at least one dataset.');
  }
  const most = MAX_WIDGETS / WIDGETS_OF_A_ROW;
  if (datasets.length > most) {
    throw synthError(
      scope,
      'DASHBOARD_TOO_LARGE',
      `datasets has ${datasets.length} of them, and a dashboard takes ${MAX_WIDGETS} graphs, which are `
        + `${most} datasets.`,
      'Create a second dashboard with its own dashboardName.',
    );
  }
  for (const [index, { core: { resourcePrefix }, dataset }] of datasets.entries()) {
    if (
      ![resourcePrefix, core.resourcePrefix].some(prefix => Token.isUnresolved(prefix))
      && resourcePrefix !== core.resourcePrefix
    ) {
      throw synthError(
        scope,
        'LAKE_MISMATCH',
        `datasets[${index}] is "${dataset}" of the lake "${resourcePrefix}".`,
        `Use datasets of the lake "${core.resourcePrefix}", or create another dashboard.`,
      );
    }
  }
}
