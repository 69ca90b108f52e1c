import { DatasetDocument } from './dataset-document.generated';
import { IEtlCore } from '../../i-etl-core';
import { TableFormat } from '../../table-format';

/**
 * The document, with the table format of the core as the default for `table_format`. Parquet is omitted, because the
 * job uses it by default.
 */
export function withTableFormat(document: DatasetDocument, { tableFormat }: IEtlCore): DatasetDocument {
  const format = document.table_format ?? tableFormat;
  return { ...document, table_format: format === TableFormat.PARQUET ? undefined : format };
}

/** The format of the tables of a dataset. */
export function tableFormatOf({ table_format: format }: DatasetDocument): TableFormat {
  return format === TableFormat.ICEBERG ? TableFormat.ICEBERG : TableFormat.PARQUET;
}

/** The key of the column descriptions in a document. Undefined if the document has no such descriptions. */
export function columnDescriptionKey({
  column_schema: schema = {}, column_descriptions: descriptions,
}: DatasetDocument): string | undefined {
  const columns = Object.values(schema).flatMap(ofTable => Object.values(ofTable));
  if (columns.some(({ description }) => description !== undefined)) {
    return 'description in column_schema';
  }
  return descriptions && 'column_descriptions';
}
