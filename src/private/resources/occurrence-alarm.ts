import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';

export interface OccurrenceAlarmProps {
  readonly alarmName: string;
  readonly alarmDescription: string;
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: { readonly [name: string]: string };
}

/** An alarm that is raised if a metric counts at least one occurrence in five minutes. */
export function createOccurrenceAlarm(scope: Construct, id: string, props: OccurrenceAlarmProps): Alarm {
  const { alarmName, alarmDescription, namespace, metricName, dimensions } = props;
  return new Alarm(scope, id, {
    alarmName,
    alarmDescription,
    metric: new Metric({
      namespace, metricName, dimensionsMap: dimensions, statistic: Stats.SUM, period: Duration.minutes(5),
    }),
    threshold: 1,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
}
