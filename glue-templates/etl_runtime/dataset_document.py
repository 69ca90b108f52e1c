"""The dataset document, as dataset.schema.json describes it. Generated: `npx projen generate:python`."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

Address = str


SourceDataset = str


TableKey = str


Delimiter = str


DateFormat = str


ColumnName = str


ColumnNames = list[ColumnName]


class Column(TypedDict):
    target_name: NotRequired[ColumnName]
    type: NotRequired[str]
    format: NotRequired[str]


NullValue = str


Width = int


class FileFormat(TypedDict):
    type: NotRequired[Literal['csv', 'fixed_width', 'json', 'jsonl', 'parquet']]
    delimiter: NotRequired[Delimiter]
    header: NotRequired[bool]
    encoding: NotRequired[str]
    quote: NotRequired[str]
    escape: NotRequired[str]
    null_values: NotRequired[list[NullValue]]
    quoted_nulls: NotRequired[bool]
    comment: NotRequired[str]
    skip_rows: NotRequired[int]
    skip_footer: NotRequired[int]
    widths: NotRequired[list[Width]]
    date_format: NotRequired[DateFormat]
    number_format: NotRequired[str]
    records: NotRequired[str]


RowCount = int


Share = float


class DataQuality(TypedDict):
    required_columns: NotRequired[ColumnNames | dict[str, ColumnNames]]
    critical_null_threshold: NotRequired[Share]
    expected_record_count_min: NotRequired[RowCount | dict[str, RowCount]]
    max_shrink: NotRequired[Share]
    max_rescued_share: NotRequired[Share]


class Schedule(TypedDict):
    enabled: NotRequired[bool]
    expression: str
    flexible_minutes: NotRequired[int]
    timezone: NotRequired[str]


class History(TypedDict):
    business_key: ColumnNames
    compare: NotRequired[ColumnNames]
    exclude: NotRequired[ColumnNames]


class DatasetDocument(TypedDict):
    dataset: str
    description: NotRequired[str]
    data_size_category: Literal['small', 'medium', 'large', 'xlarge']
    source_url: NotRequired[Address | list[Address]]
    lookback_days: NotRequired[int]
    delimiter: NotRequired[Delimiter]
    date_format: NotRequired[DateFormat]
    file_format: NotRequired[FileFormat]
    file_table_mapping: NotRequired[dict[str, TableKey]]
    column_schema: NotRequired[dict[str, dict[str, Column]]]
    column_mappings: NotRequired[dict[str, ColumnName]]
    source_datasets: NotRequired[list[SourceDataset]]
    sql: NotRequired[str]
    outputs: NotRequired[list[TableKey]]
    history: NotRequired[History]
    business_key: NotRequired[ColumnNames]
    business_keys: NotRequired[dict[str, ColumnNames]]
    schema_contract: NotRequired[Literal['evolve', 'freeze']]
    data_quality: NotRequired[DataQuality]
    schedule: NotRequired[Schedule]
    glue_version: NotRequired[Literal['5.0', '5.1', '6.0']]
