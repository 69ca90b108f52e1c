import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  BronzeDataset,
  DataSizeCategory,
  EtlCore,
  GlueVersion,
  GoldDataset,
  Source,
  Transform,
} from 'cdk-glue-medallion';

/** A bronze dataset, and custom scripts as the Glue console creates them, on the oldest and the newest Glue version. */
const app = new App();
const source: string = app.node.tryGetContext('source');

const stack = new Stack(app, 'Lake');
const core = new EtlCore(stack, 'Core', { resourcePrefix: 'pp-dw' });
const dataSizeCategory = DataSizeCategory.SMALL;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'medallion-script-'));

const airports = new BronzeDataset(stack, 'Airports', {
  core,
  dataset: 'airports',
  dataSizeCategory,
  source: Source.url(`${source}/airports.csv`),
});

/** A script that reads and writes by itself needs permissions that the role of a dataset does not have. */
const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('glue.amazonaws.com') });
role.addToPolicy(new PolicyStatement({
  actions: ['s3:ListBucket', 's3:GetObject', 's3:PutObject', 's3:DeleteObject'],
  resources: ['arn:aws:s3:::pp-dw-123456789012', 'arn:aws:s3:::pp-dw-123456789012/*'],
}));

/** Writes its own output, and publishes no table. */
const ORDINARY = `
import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job

args = getResolvedOptions(sys.argv, ["JOB_NAME", "TempDir"])
optional = "--day" in sys.argv
sc = SparkContext.getOrCreate()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
logger = glueContext.get_logger()
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

table = "s3://pp-dw-123456789012/bronze/airports/"
airports = glueContext.create_dynamic_frame.from_options(
    connection_type="s3", connection_options={"paths": [table]}, format="parquet", transformation_ctx="airports"
)
mapped = ApplyMapping.apply(
    frame=airports, mappings=[("iata", "string", "code", "string"), ("city", "string", "city", "string")]
)
north = Filter.apply(frame=mapped, f=lambda row: row["code"] != "JFK")
rows = DynamicFrame.fromDF(north.toDF().orderBy("code"), glueContext, "rows")
out = args["TempDir"] + "out/"
glueContext.write_dynamic_frame.from_options(
    frame=rows, connection_type="s3", connection_options={"path": out}, format="json"
)
logger.info(f"wrote {spark.read.json(out).count()} rows, {optional=}")
job.commit()
`;

/** Publishes the rows of a DynamicFrame. */
const PUBLISHING = `
import sys
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.transforms import SelectFields
from pyspark.context import SparkContext
from etl_runtime.gold import run_gold

glueContext = GlueContext(SparkContext.getOrCreate())


def transform(gold):
    airports = DynamicFrame.fromDF(gold.read("pp_dw_bronze.airports"), glueContext, "airports")
    return SelectFields.apply(airports, ["iata", "city"]).toDF()


run_gold(sys.argv, transform)
Job(glueContext).commit()
`;

/** Uses a part of awsglue that is not available in local runs. */
const CATALOG = `
from awsglue.context import GlueContext
from pyspark.context import SparkContext

glueContext = GlueContext(SparkContext.getOrCreate())
glueContext.create_dynamic_frame.from_catalog(database="pp_dw_bronze", table_name="airports")
`;

for (const [name, text] of Object.entries({
  ordinary: ORDINARY, publishing: PUBLISHING, catalog: CATALOG, denied: ORDINARY,
})) {
  const script = path.join(folder, `${name}.py`);
  fs.writeFileSync(script, text);
  for (const glueVersion of [GlueVersion.V5_0, GlueVersion.V6_0]) {
    const dataset = `${name}-${glueVersion.replace('.', '-')}`;
    new GoldDataset(stack, dataset, {
      core,
      dataset,
      dataSizeCategory,
      inputs: [airports],
      transform: Transform.script(script),
      glueVersion,
      role: name === 'ordinary' ? role : undefined,
    });
  }
}
