import { App, Stack } from 'aws-cdk-lib';
import {
  BronzeDataset, DataSizeCategory, EtlCore, GoldDataset, Source, TableFormat, Transform,
} from 'cdk-glue-medallion';

/**
 * The same bronze table in both formats, and a gold dataset with every type that an Iceberg table supports. Its
 * rows are sorted by ID and stored in several objects.
 */
const app = new App();
const source: string = app.node.tryGetContext('source');

const core = new EtlCore(new Stack(app, 'Lake'), 'Core', {
  resourcePrefix: 'pp-dw',
  // Without this setting, Spark combines the small objects of a table.
  glueDefaults: { defaultArguments: { '--conf': 'spark.sql.adaptive.coalescePartitions.enabled=false' } },
});
const datasets = new Stack(app, 'Datasets');
const dataSizeCategory = DataSizeCategory.SMALL;

const [, events] = [TableFormat.PARQUET, TableFormat.ICEBERG].map(tableFormat => {
  const dataset = tableFormat === TableFormat.ICEBERG ? 'events' : 'plain-events';
  const table = dataset.replace('-', '_');
  return new BronzeDataset(datasets, dataset, {
    core,
    dataset,
    tableFormat,
    dataSizeCategory,
    source: Source.url(`${source}/events.jsonl`),
    columnSchema: {
      [table]: { price: { type: 'decimal(18,2)' }, day: { type: 'date' }, moment: { type: 'timestamp' } },
    },
  });
});

new GoldDataset(datasets, 'Types', {
  core,
  dataset: 'types',
  tableFormat: TableFormat.ICEBERG,
  dataSizeCategory,
  inputs: [events],
  transform: Transform.sql(`
    SELECT
      id,
      CAST(id % 100 AS TINYINT) AS tiny,
      CAST(id AS SMALLINT) AS small,
      CAST(IF(id % 7 = 0, NULL, id - 500) AS INT) AS whole,
      CAST(id / 4 AS FLOAT) AS single,
      IF(id % 11 = 0, DOUBLE('NaN'), id / 8) AS share,
      id < 500 AS early,
      CAST(id - 500 AS DECIMAL(38,3)) AS wide,
      CAST(IF(id % 5 = 0, NULL, id - 500) AS DECIMAL(9,2)) AS narrow,
      CAST(IF(id > 700, NULL, id) AS BIGINT) AS sparse,
      date_add(DATE'1969-06-01', CAST(id AS INT)) AS day,
      timestamp_micros(-500000 + id * 1001) AS moment,
      name,
      CAST(name AS BINARY) AS bytes,
      named_struct('city', name, 'zip', CAST(id AS INT)) AS place,
      array(id, NULL) AS numbers,
      map(coalesce(name, 'none'), id) AS by_name
    FROM (SELECT explode(sequence(1, 1000)) AS id) LEFT JOIN (SELECT id AS event, name FROM pp_dw_bronze.events)
      ON event = id % 3
    ORDER BY id`),
});

app.synth();
