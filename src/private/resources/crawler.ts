import { CfnCrawler } from 'aws-cdk-lib/aws-glue';
import { Construct } from 'constructs';
import { acknowledge } from './nag-suppressions';
import { substituted } from './substituted-text';
import { DatasetNames } from '../../naming';

export interface CrawlerProps {
  readonly names: DatasetNames;
  readonly roleArn: string;
  readonly description?: string;
}

/**
 * The crawler that registers the tables of a dataset in the Data Catalog, with one target per table.
 *
 * The crawler has no schedule. A pipeline starts it, or the user starts it if the job output says that a crawl is
 * required. The crawler never deletes a table from the Data Catalog.
 */
export function createCrawler(scope: Construct, props: CrawlerProps): CfnCrawler {
  const { names } = props;
  const crawler = new CfnCrawler(scope, 'Crawler', {
    name: names.crawler,
    description: props.description,
    role: props.roleArn,
    databaseName: names.database,
    tablePrefix: names.tablePrefix,
    targets: { s3Targets: Object.values(names.tables).map(table => ({ path: substituted(table.location) })) },
    recrawlPolicy: { recrawlBehavior: 'CRAWL_EVERYTHING' },
    schemaChangePolicy: { updateBehavior: 'UPDATE_IN_DATABASE', deleteBehavior: 'LOG' },
    configuration: JSON.stringify({
      Version: 1,
      // Without this setting, a folder whose files have different columns becomes several tables.
      Grouping: { TableGroupingPolicy: 'CombineCompatibleSchemas' },
    }),
  });
  acknowledge(crawler, 'GL1', 'CloudWatch Logs encrypts the crawler logs, which contain table names, but no data.');
  return crawler;
}
