"""The dataset document, as dataset.schema.json describes it. Generated: `npx projen generate:python`."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Address = str


HttpAddress = str


Headers = dict[str, str]


class SourceDates(TypedDict):
    every: Literal['week', 'month']
    on: str


class RateLimit(TypedDict):
    requests: int
    seconds: NotRequired[int]


ColumnName = str


PaginationType = Literal[
    'auto',
    'json_link',
    'header_link',
    'header_cursor',
    'cursor',
    'record_cursor',
    'offset',
    'page_number',
    'single',
]


class Pagination(TypedDict):
    type: PaginationType
    path: NotRequired[str]
    base: NotRequired[str]
    url: NotRequired[HttpAddress]
    body: NotRequired[dict[str, Any]]
    inclusive: NotRequired[bool]
    header: NotRequired[str]
    param: NotRequired[str]
    limit: NotRequired[int]
    limit_param: NotRequired[str]
    first: NotRequired[int]
    total_records: NotRequired[str]
    total_pages: NotRequired[str]
    max_pages: NotRequired[int]


class Auth(TypedDict):
    type: Literal['bearer', 'api_key', 'basic', 'oauth2_client_credentials']
    secret: str
    secret_key: NotRequired[str]
    encryption_key: NotRequired[str]
    location: NotRequired[Literal['header', 'query', 'cookie']]
    name: NotRequired[str]
    username_key: NotRequired[str]
    password_key: NotRequired[str]
    token_url: NotRequired[HttpAddress]
    scope: NotRequired[str]
    token_params: NotRequired[dict[str, str]]
    token_auth_method: NotRequired[Literal['client_secret_basic', 'client_secret_post']]
    client_id_key: NotRequired[str]
    client_secret_key: NotRequired[str]


SourceDataset = str


TableKey = str


Delimiter = str


DateFormat = str


ColumnDescription = str


ColumnNames = list[ColumnName]


SourceColumnName = str


SourceColumnNames = list[SourceColumnName]


class Column(TypedDict):
    target_name: NotRequired[ColumnName]
    type: NotRequired[str]
    format: NotRequired[str]
    optional: NotRequired[bool]
    description: NotRequired[ColumnDescription]


NullValue = str


Width = int


class FileFormat(TypedDict):
    type: NotRequired[Literal['csv', 'fixed_width', 'json', 'jsonl', 'parquet']]
    delimiter: NotRequired[Delimiter]
    header: NotRequired[bool]
    column_names: NotRequired[SourceColumnNames | dict[str, SourceColumnNames]]
    encoding: NotRequired[str]
    quote: NotRequired[str]
    escape: NotRequired[str]
    null_values: NotRequired[list[NullValue]]
    quoted_nulls: NotRequired[bool]
    comment: NotRequired[str]
    skip_rows: NotRequired[int]
    skip_rows_after_header: NotRequired[int]
    skip_footer: NotRequired[int]
    widths: NotRequired[list[Width]]
    date_format: NotRequired[DateFormat]
    number_format: NotRequired[str]
    records: NotRequired[str]
    records_optional: NotRequired[bool]
    orient: NotRequired[Literal['records', 'index', 'values']]
    key_column: NotRequired[str]


RowCount = int


Share = float


RuleColumn = str


class Freshness(TypedDict):
    max_age_hours: int


class Schedule(TypedDict):
    enabled: NotRequired[bool]
    expression: str
    flexible_minutes: NotRequired[int]
    timezone: NotRequired[str]


class ForEach(TypedDict):
    endpoint: NotRequired[TableKey]
    field: NotRequired[str]
    table: NotRequired[str]
    column: NotRequired[str]


class History(TypedDict):
    business_key: ColumnNames
    compare: NotRequired[ColumnNames]
    exclude: NotRequired[ColumnNames]
    valid_from: NotRequired[ColumnName]
    valid_to: NotRequired[ColumnName]
    is_current: NotRequired[ColumnName]
    change_type: NotRequired[ColumnName]
    open_end: NotRequired[str]
    initial_table: NotRequired[str]


class AcceptedValues(TypedDict):
    column: RuleColumn
    values: list[str | float | bool]


class Relationships(TypedDict):
    column: RuleColumn
    to: str
    field: str


class Rule(TypedDict):
    name: NotRequired[str]
    table: NotRequired[TableKey]
    severity: NotRequired[Literal['fail', 'warn']]
    max_share: NotRequired[Share]
    condition: NotRequired[str]
    not_null: NotRequired[RuleColumn]
    unique: NotRequired[RuleColumn | ColumnNames]
    accepted_values: NotRequired[AcceptedValues]
    relationships: NotRequired[Relationships]


class ApiEndpoint(TypedDict):
    url: HttpAddress
    method: NotRequired[Literal['GET', 'POST']]
    params: NotRequired[dict[str, str | float | bool]]
    headers: NotRequired[Headers]
    body: NotRequired[dict[str, Any]]
    records: NotRequired[str]
    records_optional: NotRequired[bool]
    orient: NotRequired[Literal['records', 'index', 'values']]
    key_column: NotRequired[str]
    column_names: NotRequired[list[ColumnName]]
    pagination: NotRequired[PaginationType | Pagination]
    for_each: NotRequired[ForEach]
    rate_limit: NotRequired[RateLimit]
    table: NotRequired[bool]


class DataQuality(TypedDict):
    required_columns: NotRequired[ColumnNames | dict[str, ColumnNames]]
    optional_columns: NotRequired[ColumnNames]
    critical_null_threshold: NotRequired[Share]
    expected_record_count_min: NotRequired[RowCount | dict[str, RowCount]]
    max_shrink: NotRequired[Share]
    max_churn: NotRequired[Share]
    rules: NotRequired[list[Rule]]
    max_rescued_share: NotRequired[Share]


class DatasetDocument(TypedDict):
    dataset: str
    description: NotRequired[str]
    layer: NotRequired[Literal['bronze', 'silver', 'gold']]
    data_size_category: Literal['small', 'medium', 'large', 'xlarge']
    source_url: NotRequired[Address | list[Address]]
    lookback_days: NotRequired[int]
    source_dates: NotRequired[SourceDates]
    source_files: NotRequired[Literal['newest', 'all']]
    api_endpoints: NotRequired[dict[str, HttpAddress | ApiEndpoint]]
    headers: NotRequired[Headers]
    rate_limit: NotRequired[RateLimit]
    auth: NotRequired[Auth]
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
    column_descriptions: NotRequired[dict[str, dict[str, ColumnDescription]]]
    business_key: NotRequired[ColumnNames]
    business_keys: NotRequired[dict[str, ColumnNames]]
    schema_contract: NotRequired[Literal['evolve', 'freeze']]
    table_format: NotRequired[Literal['parquet', 'iceberg']]
    data_quality: NotRequired[DataQuality]
    schedule: NotRequired[Schedule]
    freshness: NotRequired[Freshness]
    glue_version: NotRequired[Literal['5.0', '5.1', '6.0']]
    worker_type: NotRequired[
        Literal[
            'G.1X',
            'G.2X',
            'G.4X',
            'G.8X',
            'G.12X',
            'G.16X',
            'R.1X',
            'R.2X',
            'R.4X',
            'R.8X',
        ]
    ]
    number_of_workers: NotRequired[int]
    auto_scaling: NotRequired[bool]
    flex: NotRequired[bool]
    timeout_minutes: NotRequired[int]
    max_retries: NotRequired[int]
    role: NotRequired[str]
    connection: NotRequired[str]
