import { Duration, Stack, Token } from 'aws-cdk-lib';
import {
  Color,
  Dashboard,
  GraphWidget,
  IMetric,
  MathExpression,
  MetricOptions,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { IDataset } from './i-dataset';
import { IEtlCore } from './i-etl-core';
import { LakeNames } from './naming';
import { withPendingLookups } from './private/document/pending-lookup';
import { checkProps, PropTypes } from './private/errors/prop-types';
import { synthError } from './private/errors/synth-error';
import { checkMetricsEnabled, datasetMetric } from './private/resources/dataset-metric';
import { lakeTags, tagExisting } from './private/resources/lake-tags';
import { claimName } from './private/resources/unique-names';

/** Properties of a dashboard: its lake, the datasets that it shows, and its name. */
export interface EtlDashboardProps {
  /**
   * The lake of the datasets.
   *
   * Its `metrics` must be enabled; otherwise synthesis fails with `SETTING_REQUIRED`.
   */
  readonly core: IEtlCore;

  /**
   * The datasets to show, in this order: 1 to 125, because CloudWatch allows 500 widgets in a dashboard.
   *
   * Use `BronzeDataset.fromName`, `SilverDataset.fromName` and `GoldDataset.fromName` for datasets that another app
   * deploys. Synthesis fails with `DATASETS_REQUIRED` if the list is empty, with `DASHBOARD_TOO_LARGE` if it is too
   * long, and with `LAKE_MISMATCH` if a dataset belongs to another lake.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
   */
  readonly datasets: IDataset[];

  /**
   * The name of the dashboard.
   *
   * A second dashboard of the lake needs another name; otherwise synthesis fails with `NAME_TAKEN`.
   *
   * @default - `<resourcePrefix>`, because one dashboard is enough for most lakes
   */
  readonly dashboardName?: string;
}

/**
 * A CloudWatch dashboard with a row per dataset. Each row shows runs and failures, the duration of runs in seconds,
 * the published rows, and the hours since the last publication.
 *
 * By default, it shows the last seven days. If a dataset published nothing in the selected time range, its graph of
 * hours since the last publication is empty. CloudWatch charges for dashboards.
 *
 * @see https://aws.amazon.com/cloudwatch/pricing/
 * @exampleMetadata fixture=lake
 * @example
 * new EtlDashboard(new Stack(app, 'Dashboard'), 'Dashboard', { core, datasets: [zipcodes] });
 */
export class EtlDashboard extends Construct {
  /** The CloudWatch dashboard, to which you can add widgets. */
  public readonly dashboard: Dashboard;

  /**
   * Creates a dashboard.
   *
   * @param scope the scope of the construct, usually a stack
   * @param id the ID of the construct within its scope
   * @param props the properties of the dashboard
   */
  constructor(scope: Construct, id: string, props: EtlDashboardProps) {
    super(scope, id);
    checkProps(this, props, DASHBOARD_PROPS);
    const { core, datasets } = props;
    checkDatasets(this, props);
    const names = new LakeNames(this, core);
    const dashboardName = withPendingLookups(props.dashboardName) ?? names.dashboard;
    // Dashboards are not regional.
    claimName(this, 'dashboard', dashboardName, Stack.of(this).account);
    this.dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName,
      defaultInterval: Duration.days(7),
      widgets: datasets.map(dataset => row(names, dataset)),
    });
    tagExisting(this, lakeTags(names));
  }
}

const DASHBOARD_PROPS: PropTypes<EtlDashboardProps> = {
  core: 'unchecked',
  datasets: 'unchecked',
  dashboardName: 'unchecked',
};

/**
 * The maximum number of widgets in a CloudWatch dashboard.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
 */
const MAX_WIDGETS = 500;
const WIDGETS_PER_ROW = 4;

/** The widgets of one dataset, in one row. A dashboard is 24 units wide. */
function row(names: LakeNames, { layer, dataset }: IDataset): GraphWidget[] {
  const metric = (metricName: string, options: MetricOptions) =>
    datasetMetric(names, { layer, dataset }, metricName, options);
  const graph = (title: string, unit: string, ...left: IMetric[]) => new GraphWidget({
    title: `${layer}/${dataset}: ${title}`,
    left,
    leftYAxis: { label: unit, min: 0, showUnits: false },
    width: 24 / WIDGETS_PER_ROW,
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
        // The value at the end of each period. A period without a publication uses the previous publication.
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
  checkMetricsEnabled(scope, core);
  if (datasets.length === 0) {
    throw synthError(scope, 'DATASETS_REQUIRED', 'the list "datasets" is empty.', 'Add at least one dataset.');
  }
  const maxDatasets = MAX_WIDGETS / WIDGETS_PER_ROW;
  if (datasets.length > maxDatasets) {
    throw synthError(
      scope,
      'DASHBOARD_TOO_LARGE',
      `the list "datasets" has ${datasets.length} elements; the maximum is ${maxDatasets}, because a CloudWatch `
        + `dashboard can have ${MAX_WIDGETS} widgets.`,
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
        `datasets[${index}] is "${dataset}", which belongs to the lake "${resourcePrefix}".`,
        `Use datasets of the lake "${core.resourcePrefix}", or create another dashboard.`,
      );
    }
  }
}
