import { CfnCrawler } from 'aws-cdk-lib/aws-glue';
import { Construct } from 'constructs';
import { acknowledge } from './nag-suppressions';
import { DatasetNames } from '../../naming';

export interface CrawlerProps {
  readonly names: DatasetNames;
  readonly roleArn: string;
  readonly description?: string;
}

/**
 * The crawler that puts a dataset's tables into the catalog, one target a table.
 *
 * It has no schedule: the job says when a crawl is due, and a person starts it. It never takes a table out of the
 * catalog.
 */
export function createCrawler(scope: Construct, props: CrawlerProps): CfnCrawler {
  const { names } = props;
  const crawler = new CfnCrawler(scope, 'Crawler', {
    name: names.crawler,
    description: props.description,
    role: props.roleArn,
    databaseName: names.database,
    tablePrefix: names.tablePrefix,
    targets: { s3Targets: Object.values(names.tables).map(table => ({ path: table.location })) },
    recrawlPolicy: { recrawlBehavior: 'CRAWL_EVERYTHING' },
    schemaChangePolicy: { updateBehavior: 'UPDATE_IN_DATABASE', deleteBehavior: 'LOG' },
    configuration: JSON.stringify({
      Version: 1,
      // Without it a folder whose files differ by a column becomes several tables.
      Grouping: { TableGroupingPolicy: 'CombineCompatibleSchemas' },
    }),
  });
  acknowledge(crawler, 'GL1', 'What a crawler logs is encrypted by CloudWatch Logs, and is names of tables, no value.');
  return crawler;
}
