import { Construct } from 'constructs';
import { Auth } from './auth';
import { ColumnSchema } from './column-schema';
import { FileFormat } from './file-format';
import { GlueConnection } from './glue-connection';
import { IDataset } from './i-dataset';
import { IEtlCore } from './i-etl-core';
import { LakeDataset } from './lake-dataset';
import { LakeDatasetProps } from './lake-dataset-props';
import { Layer } from './layer';
import { checkKinds, commonDocument, DatasetDefinition, Kind } from './private/definition/dataset-definition';
import { sourceDocument } from './private/definition/source-document';
import { ColumnSchema as ColumnSchemaDocument, DatasetDocument } from './private/document/dataset-document.generated';
import { customScript } from './private/scripts/job-script';
import { packagedScript } from './private/scripts/script-bundle';
import { RateLimit } from './rate-limit';
import { Source } from './source';

/** What a bronze dataset is called, how big it is, where it comes from and how to read it. */
export interface BronzeDatasetProps extends LakeDatasetProps {
  /**
   * Where the data comes from.
   *
   * @default - what `script` gets: without a script of your own, a source is needed
   */
  readonly source?: Source;

  /**
   * Headers of every request of the dataset. No secrets: those are what `auth` is for.
   *
   * @default - the job's own
   */
  readonly headers?: { [name: string]: string };

  /**
   * How often all requests of the dataset together may be sent.
   *
   * @default - as fast as answers come
   */
  readonly rateLimit?: RateLimit;

  /**
   * How requests are signed. The dataset then has a role of its own that may read the secret.
   *
   * @default - not at all
   */
  readonly auth?: Auth;

  /**
   * The Glue connection through whose VPC the job reaches its source. The dataset then has a role of its own that may
   * use it.
   *
   * @default - none, the internet
   */
  readonly connection?: GlueConnection;

  /**
   * How many days a run goes back where an address of `source` holds a date and there is no file of the run's own date
   * yet, 366 at most.
   *
   * 0 takes the run's own date or fails.
   *
   * @default 7 - over a weekend and holidays, while a source that died is still noticed
   */
  readonly lookbackDays?: number;

  /**
   * Short form of `fileFormat` when only the delimiter differs from the usual.
   *
   * @default - a comma
   */
  readonly delimiter?: string;

  /**
   * Short form of `fileFormat` when only the dates differ from the usual, for example `yyyyMMdd`.
   *
   * @default - ISO dates: 2024-01-31
   */
  readonly dateFormat?: string;

  /**
   * How to read the files.
   *
   * @default - told from the file, by its ending and then its first bytes; text is CSV with a header, in UTF-8, quoted
   * with double quotes
   */
  readonly fileFormat?: FileFormat;

  /**
   * Which file of a ZIP feeds which table: from the file's name, or a glob such as `Products*.txt`, to the table's name
   * in snake_case.
   *
   * A ZIP with several data files needs it, because the tables are fixed at synth.
   *
   * @default - one table with the dataset's own name
   */
  readonly fileTableMapping?: { [file: string]: string };

  /**
   * What columns are called and what they hold: from the table, as `fileTableMapping` or an endpoint calls it, to its
   * columns by their names in the source.
   *
   * The table of a dataset without both is the dataset's own name in snake_case. Columns that are not named here come
   * as they are. A declared type holds from the first publication on; a value that does not fit leaves its cell null
   * and goes to `meta_rescued`.
   *
   * @default - names in snake_case, types guessed at the first publication
   */
  readonly columnSchema?: { [table: string]: { [sourceColumn: string]: ColumnSchema } };

  /**
   * Short form of `columnSchema` for names alone, for all tables: from the name in the source to that in the table.
   *
   * @default - names in snake_case
   */
  readonly columnMappings?: { [sourceColumn: string]: string };

  /**
   * A script of your own, in Python: the job's whole script in place of the packaged one. It uses what it likes of
   * `etl_runtime`.
   *
   * The path begins in the folder where `cdk synth` runs, for example `bronze/zipcodes.py`.
   *
   * @default - the packaged script
   */
  readonly script?: string;
}

/**
 * A dataset as its source says, kept whole in `raw/` and published as one or more tables of the bronze database.
 */
export class BronzeDataset extends LakeDataset {
  /**
   * A bronze dataset that another app deploys, as an input of gold.
   *
   * @param core the lake it belongs to
   * @param dataset its name
   */
  public static fromName(core: IEtlCore, dataset: string): IDataset {
    return { core, dataset, layer: Layer.BRONZE };
  }

  constructor(scope: Construct, id: string, props: BronzeDatasetProps) {
    super(scope, id, props);
  }

  /** @internal */
  protected _define(props: BronzeDatasetProps): DatasetDefinition {
    checkKinds(this, props, [
      ...(props.source === undefined && props.script !== undefined
        ? []
        : [
          [
            'source',
            props.source,
            '_source',
            'a Source: Source.url("https://…"), or a script of your own in script',
          ] as Kind,
        ]),
      ...(props.auth === undefined
        ? []
        : [['auth', props.auth, '_auth', 'an Auth: Auth.bearer({ secret: "…" })'] as Kind]),
      ...(props.connection === undefined
        ? []
        : [['connection', props.connection, '_connection', 'a GlueConnection: GlueConnection.fromName("…")'] as Kind]),
      ...(props.fileFormat === undefined
        ? []
        : [['fileFormat', props.fileFormat, '_document', 'a FileFormat: FileFormat.csv({…})'] as Kind]),
    ]);
    return {
      layer: Layer.BRONZE,
      document: toDocument(this, props),
      script:
        props.script === undefined
          ? { path: packagedScript(Layer.BRONZE) }
          : customScript(this, props.dataset, 'script', props.script),
    };
  }
}

/** The props as the document that the job reads, with the keys that were set and no others. */
function toDocument(scope: Construct, props: BronzeDatasetProps): DatasetDocument {
  return {
    ...commonDocument(scope, props),
    ...props.source && sourceDocument(scope, props.source._source),
    lookback_days: props.lookbackDays,
    headers: props.headers,
    rate_limit: props.rateLimit,
    auth: props.auth?._auth,
    delimiter: props.delimiter,
    date_format: props.dateFormat,
    file_format: props.fileFormat?._document,
    file_table_mapping: props.fileTableMapping,
    column_schema: props.columnSchema && mapValues(props.columnSchema, columns => mapValues(columns, columnDocument)),
    column_mappings: props.columnMappings,
    connection: props.connection?._connection,
  };
}

/** Without the keys that are not set: a column that says nothing is refused. */
function columnDocument({ targetName, type, format }: ColumnSchema): ColumnSchemaDocument {
  return {
    ...targetName !== undefined && { target_name: targetName },
    ...type !== undefined && { type },
    ...format !== undefined && { format },
  };
}

function mapValues<From, To>(map: { [key: string]: From }, value: (from: From) => To): { [key: string]: To } {
  return Object.fromEntries(Object.entries(map).map(([key, from]) => [key, value(from)]));
}
