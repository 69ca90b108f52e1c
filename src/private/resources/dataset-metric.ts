import { Duration } from 'aws-cdk-lib';
import { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { IConstruct } from 'constructs';
import { IDataset } from '../../i-dataset';
import { IEtlCore } from '../../i-etl-core';
import { LakeNames } from '../../naming';
import { synthError } from '../errors/synth-error';

/** A metric of the runs of a dataset, per hour by default. */
export function datasetMetric(
  lake: LakeNames, { layer, dataset }: Pick<IDataset, 'layer' | 'dataset'>, metricName: string, options: MetricOptions,
): Metric {
  return new Metric({
    namespace: lake.metricsNamespace,
    metricName,
    dimensionsMap: { Dataset: dataset, Layer: layer },
    period: Duration.hours(1),
    ...options,
  });
}

/** Fails if the runs of the lake publish no metrics, because an alarm on such a metric would never have data. */
export function checkMetricsEnabled(scope: IConstruct, { metrics }: IEtlCore): void {
  if (!metrics) {
    throw synthError(
      scope,
      'SETTING_REQUIRED',
      'metrics are disabled in the core, so the runs of the lake publish no metrics.',
      'Set metrics: true in the EtlCore, and in EtlCore.fromPrefixes if another app deploys the core.',
    );
  }
}
