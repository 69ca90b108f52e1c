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
import {
  checkPropTypes,
  COMMON_PROPS,
  commonDocument,
  DatasetDefinition,
  PropType,
} from './private/definition/dataset-definition';
import { inputsOfEndpoints, sourceDocument, sourceFilesOf } from './private/definition/source-document';
import { DatasetDocument } from './private/document/dataset-document.generated';
import { datasetSchema } from './private/document/dataset-schema';
import { pendingName } from './private/document/pending-lookup';
import { isStruct } from './private/document/struct-keys';
import { checkProps, PropTypes } from './private/errors/prop-types';
import { synthError } from './private/errors/synth-error';
import { namedDataset } from './private/resources/dataset-table-names';
import { customScript } from './private/scripts/job-script';
import { packagedScript } from './private/scripts/script-bundle';
import { RateLimit } from './rate-limit';
import { Source } from './source';
import { SourceDates } from './source-dates';

/** Properties of a bronze dataset: its name and size, its source, and how to read it. */
export interface BronzeDatasetProps extends LakeDatasetProps {
  /**
   * Where the data comes from.
   *
   * Synthesis fails with `SETTING_REQUIRED` if neither `source` nor `script` is set.
   *
   * @default - none, because a custom `script` can load the data itself
   */
  readonly source?: Source;

  /**
   * Headers to send with every request of the dataset.
   *
   * Do not put secrets here; use `auth`. Synthesis fails with `SECRET_IN_CONFIG` for headers that usually contain
   * secrets, and with `HEADER_RESERVED` for headers that the job sets.
   *
   * @default - only the headers that the job sets
   */
  readonly headers?: { [name: string]: string };

  /**
   * The rate limit for all requests of the dataset together.
   *
   * @default - no limit, because most sources need none; the run always honors `Retry-After`
   */
  readonly rateLimit?: RateLimit;

  /**
   * How to authenticate the requests.
   *
   * The dataset gets its own role, which can read the secret. If a URL uses `http`, synthesis prints a warning.
   *
   * @default - no authentication
   */
  readonly auth?: Auth;

  /**
   * The Glue connection through which the job reaches a source in a VPC.
   *
   * The dataset gets its own role, which can use the connection.
   *
   * @default - no connection; the job reaches the source over the internet
   */
  readonly connection?: GlueConnection;

  /**
   * The number of days, from 0 to 366, that a run looks back for a file if the URL contains a date and there is no file
   * for the run date yet.
   *
   * With 0, the run fails if there is no file for the run date. Synthesis fails with `PLACEHOLDER_REQUIRED` if no URL
   * of the source contains a date.
   *
   * @default 7 - it covers weekends and holidays, and the run still fails if the source no longer publishes files; with
   * `sourceDates`, 45 (monthly) or 14 (weekly)
   */
  readonly lookbackDays?: number;

  /**
   * The usual file dates of a source that publishes one file per week or month. Only for URLs that contain a date.
   *
   * A run requests the usual dates first, which saves requests. Synthesis fails with `PLACEHOLDER_REQUIRED` if no URL
   * of the source contains the day of a date.
   *
   * @default - every day can have a file; a run requests the run date, then the days before it
   */
  readonly sourceDates?: SourceDates;

  /**
   * The delimiter of the files. Use this prop instead of `fileFormat` if only the delimiter differs from the default.
   *
   * Synthesis fails with `SETTINGS_CONFLICT` if `fileFormat` also has a delimiter.
   *
   * @default - a comma
   */
  readonly delimiter?: string;

  /**
   * The format of dates, such as `yyyyMMdd`. Use this prop instead of `fileFormat` if only the date format differs
   * from the default.
   *
   * Synthesis fails with `SETTINGS_CONFLICT` if `fileFormat` also has a date format.
   *
   * @default - ISO 8601 dates, such as 2024-01-31
   */
  readonly dateFormat?: string;

  /**
   * How to read the files.
   *
   * @default - inferred from the file extension, then from the first bytes; text is read as CSV with a header, in
   * UTF-8, with double quotes. This fits most files
   */
  readonly fileFormat?: FileFormat;

  /**
   * Maps the files in a ZIP archive to tables. Each key is a file name, or a glob such as `Products*.txt`. Each value
   * is the name of a table in snake_case.
   *
   * The mapping is required for a ZIP archive with several data files, because the tables must be known at synthesis.
   *
   * @default - one table with the name of the dataset
   */
  readonly fileTableMapping?: { [file: string]: string };

  /**
   * The names, data types, formats and descriptions of columns, per table. Each key is a table. Each value maps the
   * names of columns in the source to their settings.
   *
   * Each column is a `ColumnSchema`. In Python it can also be a dict, such as `{"target_name": "zip_code"}`. Synthesis
   * fails with `UNKNOWN_KEY` for a key that `ColumnSchema` does not have.
   *
   * Refer to a table by its name in `fileTableMapping` or in the endpoints of the source. If neither is set, the
   * dataset has one table, named after the dataset in snake_case. Columns that are not listed keep their defaults. A
   * declared type applies from the first publication on; if a value does not fit, its cell is null and the value is
   * stored in `meta_rescued`. Synthesis fails with `UNKNOWN_TABLE` if a table does not exist, and with
   * `COLUMN_NAME_TAKEN` if two columns have the same name.
   *
   * @default - names in snake_case, and data types inferred at the first publication
   */
  readonly columnSchema?: { [table: string]: { [sourceColumn: string]: ColumnSchema } };

  /**
   * The names of columns in all tables. Each key is the name in the source, and each value is the name in the table.
   * This is a short form of `columnSchema`.
   *
   * @default - the names in the source, in snake_case
   */
  readonly columnMappings?: { [sourceColumn: string]: string };

  /**
   * The path of a custom Python script that replaces the packaged job script.
   *
   * The path is relative to the folder where you run `cdk synth`, such as `bronze/zipcodes.py`. The script can import
   * the package `etl_runtime`. Synthesis fails with `FILE_NOT_FOUND` if the file does not exist.
   *
   * @default - the packaged script, which reads all supported sources
   */
  readonly script?: string;
}

/**
 * A bronze dataset: the data of a source, published as one or more tables of the bronze database.
 *
 * It creates a Glue job, a crawler unless the tables are Iceberg tables, a schedule if `schedule` is set, and a role if
 * the shared role is not sufficient. The original files are stored unchanged under `raw/` in the bucket of the lake.
 *
 * @exampleMetadata fixture=lake
 * @example
 * new BronzeDataset(datasets, 'Zipcodes', {
 *   core,
 *   dataset: 'zipcodes',
 *   dataSizeCategory: DataSizeCategory.SMALL,
 *   source: Source.url('https://example.org/zipcodes.zip'),
 *   schedule: Schedule.cron('0 6 * * ? *', { timezone: 'America/New_York' }),
 *   businessKey: ['zip_code'],
 * });
 */
export class BronzeDataset extends LakeDataset {
  /**
   * Refers to a bronze dataset that another app deploys, as an input of another dataset.
   *
   * @param core the lake that the dataset belongs to
   * @param dataset the name of the dataset in kebab-case
   * @param tables the names of its tables, as in `fileTableMapping` or the endpoints of the source. `grantQuery` needs
   * them. By default, the dataset has one table, which is named after the dataset
   * @exampleMetadata fixture=lake
   * @example
   * new GoldDataset(datasets, 'ZipcodesByState', {
   *   core,
   *   dataset: 'zipcodes-by-state',
   *   dataSizeCategory: DataSizeCategory.SMALL,
   *   inputs: [BronzeDataset.fromName(core, 'zipcodes')],
   *   transform: Transform.sqlFile('gold/zipcodes_by_state.sql'),
   * });
   */
  public static fromName(core: IEtlCore, dataset: string, tables?: string[]): IDataset {
    return namedDataset(core, Layer.BRONZE, pendingName(dataset), tables);
  }

  /**
   * Creates a bronze dataset.
   *
   * @param scope the scope of the construct, usually a stack
   * @param id the ID of the construct within its scope
   * @param props the properties of the dataset
   */
  constructor(scope: Construct, id: string, props: BronzeDatasetProps) {
    super(scope, id, props);
  }

  /** @internal */
  protected _define(props: BronzeDatasetProps): DatasetDefinition {
    checkProps(this, props, PROPS);
    checkPropTypes(this, props, [
      ...(props.source === undefined && props.script !== undefined
        ? []
        : [
          [
            'source',
            props.source,
            '_source',
            'a Source: Source.url("https://…"), or set script to a custom script',
          ] as PropType,
        ]),
    ]);
    return {
      layer: Layer.BRONZE,
      document: toDocument(this, props),
      inputs: props.source && inputsOfEndpoints(this, props, props.source._source),
      sourceFiles: props.source && sourceFilesOf(this, props.dataset, props.source._source),
      script:
        props.script === undefined
          ? { path: packagedScript(Layer.BRONZE) }
          : customScript(this, props.dataset, 'script', props.script),
    };
  }
}

const PROPS: PropTypes<BronzeDatasetProps> = {
  ...COMMON_PROPS,
  source: 'unchecked',
  headers: 'unchecked',
  rateLimit: 'unchecked',
  auth: { member: '_auth', example: 'an Auth: Auth.bearer({ secret: "…" })' },
  connection: { member: '_connection', example: 'a GlueConnection: GlueConnection.fromName("…")' },
  lookbackDays: 'unchecked',
  sourceDates: { member: '_sourceDates', example: "a SourceDates: SourceDates.monthly('first monday')" },
  delimiter: 'unchecked',
  dateFormat: 'unchecked',
  fileFormat: { member: '_document', example: 'a FileFormat: FileFormat.csv({…})' },
  fileTableMapping: 'unchecked',
  columnSchema: 'unchecked',
  columnMappings: 'unchecked',
  script: 'unchecked',
};

function toDocument(scope: Construct, props: BronzeDatasetProps): DatasetDocument {
  return {
    ...commonDocument(scope, props),
    ...props.source && sourceDocument(scope, props.source._source),
    lookback_days: props.lookbackDays,
    source_dates: props.sourceDates?._sourceDates,
    headers: props.headers,
    rate_limit: props.rateLimit && datasetSchema().documentKeys(props.rateLimit),
    auth: props.auth?._auth,
    delimiter: props.delimiter,
    date_format: props.dateFormat,
    file_format: props.fileFormat && fileFormatDocument(scope, props.fileFormat),
    file_table_mapping: props.fileTableMapping,
    column_schema:
      props.columnSchema
      && mapValues(props.columnSchema, columns =>
        mapValues(columns, column => datasetSchema().documentKeys(column))),
    column_mappings: props.columnMappings,
    connection: props.connection?._connection,
  };
}

function fileFormatDocument(scope: Construct, format: FileFormat): DatasetDocument['file_format'] {
  if (format._document.column_names !== undefined && format._columnNamesByTable !== undefined) {
    throw synthError(
      scope, 'SETTINGS_CONFLICT', 'fileFormat has both columnNames and columnNamesByTable.', 'Set only one of them.',
    );
  }
  return { ...format._document, column_names: format._document.column_names ?? format._columnNamesByTable };
}

/**
 * Converts the values of a map. If `map` is not an object, it is returned unchanged, and validation against the schema
 * reports it.
 */
function mapValues<From, To>(map: { [key: string]: From }, value: (from: From) => To): { [key: string]: To } {
  return isStruct(map)
    ? Object.fromEntries(Object.entries(map).map(([key, from]) => [key, value(from)]))
    : map;
}
