"""Histories that carry over objects: compared with the model of test_history, and with the join."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transform.test_history import COLUMNS, HISTORY, LOADS, START, Row, canonical, frame, load, versions_of

from conftest import BUCKET
from etl_runtime.job.dataset_document import History
from etl_runtime.job.spark import start_spark
from etl_runtime.job.store import Store
from etl_runtime.transform import carried_history as carried_module
from etl_runtime.transform import key_ranges
from etl_runtime.transform.carried_history import CarriedHistory, carried_history
from etl_runtime.transform.history import PublishedVersions, VersionColumns, with_versions
from etl_runtime.transform.key_ranges import VersionLayout
from etl_runtime.transform.write import ACTION, Target
