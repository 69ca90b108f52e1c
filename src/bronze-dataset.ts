import { Construct } from 'constructs';
import { ColumnSchema } from './column-schema';
import { IEtlCore } from './etl-core';
import { FileFormat } from './file-format';
import { LakeDataset, LakeDatasetProps, IDataset } from './lake-dataset';
import { Layer } from './layer';
import { checkKinds, commonDocument, DatasetDefinition, Kind } from './private/dataset-definition';
import { ColumnSchema as ColumnSchemaDocument, DatasetDocument } from './private/dataset-document.generated';
import { ownScript } from './private/job-script';
import { packagedScript } from './private/script-bundle';
import { Source } from './source';

/** What a bronze dataset is called, how big it is, where it comes from and how to read it. */
export interface BronzeDatasetProps extends LakeDatasetProps {
  /** Where the data comes from. */
  readonly source: Source;

  /**
   * How many days a run goes back where an address of `source` holds a date and there is no file of the run's own date yet, 366 at most.
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
   * @default - told from the file, by its ending and then its first bytes; text is CSV with a header, in UTF-8, quoted with double quotes
   */
  readonly fileFormat?: FileFormat;

  /**
   * Which file of a ZIP feeds which table: from the file's name, or a glob such as `Products*.txt`, to the table's name in snake_case.
   *
   * A ZIP with several data files needs it, because the tables are fixed at synth.
   *
   * @default - one table with the dataset's own name
   */
  readonly fileTableMapping?: { [file: string]: string };

  /**
   * What columns are called and what they hold: from the table, as `fileTableMapping` calls it, to its columns by their names in the source.
   *
   * The table of a dataset without `fileTableMapping` is the dataset's own name in snake_case. Columns that are not named here come as they
   * are. A declared type holds from the first publication on; a value that does not fit leaves its cell null and goes to `meta_rescued`.
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
   * A script of your own, in Python: the job's whole script in place of the packaged one. It uses what it likes of `etl_runtime`.
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
      ['source', props.source, '_address', 'a Source: Source.url("https://…")'],
      ...props.fileFormat === undefined ? [] : [['fileFormat', props.fileFormat, '_document', 'a FileFormat: FileFormat.csv({…})'] as Kind],
    ]);
    return {
      layer: Layer.BRONZE,
      document: toDocument(this, props),
      tables: Object.values(props.fileTableMapping ?? {}),
      script: props.script === undefined ? { path: packagedScript(Layer.BRONZE) } : ownScript(this, props.dataset, 'script', props.script),
    };
  }
}

/** The props as the document that the job reads, with the keys that were set and no others. */
function toDocument(scope: Construct, props: BronzeDatasetProps): DatasetDocument {
  return {
    ...commonDocument(scope, props),
    source_url: props.source._address,
    lookback_days: props.lookbackDays,
    delimiter: props.delimiter,
    date_format: props.dateFormat,
    file_format: props.fileFormat?._document,
    file_table_mapping: props.fileTableMapping,
    column_schema: props.columnSchema && mapValues(props.columnSchema, columns => mapValues(columns, columnDocument)),
    column_mappings: props.columnMappings,
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
