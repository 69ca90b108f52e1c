"""The dataset document, as dataset.schema.json describes it. Generated: `npx projen generate:python`."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

Delimiter = str


class FileFormat(TypedDict):
    type: NotRequired[Literal['csv']]
    delimiter: NotRequired[Delimiter]
    header: NotRequired[bool]
    encoding: NotRequired[str]
    quote: NotRequired[str]


Share = float


class DataQuality(TypedDict):
    required_columns: NotRequired[list[str]]
    critical_null_threshold: NotRequired[Share]
    expected_record_count_min: NotRequired[int]
    max_shrink: NotRequired[Share]
    max_rescued_share: NotRequired[Share]


class Schedule(TypedDict):
    enabled: NotRequired[bool]
    expression: str
    timezone: NotRequired[str]


class DatasetDocument(TypedDict):
    dataset: str
    description: NotRequired[str]
    data_size_category: Literal['small', 'medium', 'large', 'xlarge']
    source_url: str
    delimiter: NotRequired[Delimiter]
    file_format: NotRequired[FileFormat]
    file_table_mapping: NotRequired[dict[str, str]]
    schema_contract: NotRequired[Literal['evolve', 'freeze']]
    data_quality: NotRequired[DataQuality]
    schedule: NotRequired[Schedule]
    glue_version: NotRequired[Literal['5.0']]
