"""The exception for expected errors of a run, and its stable error codes."""

import errno
import re
import signal
from collections.abc import Mapping, Sequence
from enum import StrEnum
from tempfile import gettempdir
from typing import Any

from etl_runtime.job.redaction import REDACTION

DISK_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class ErrorCode(StrEnum):
    """The codes of `RunFailed`. A released code never changes. docs/reference/error-codes.md describes each code."""

    # The run itself
    ARGUMENTS_INVALID = "ARGUMENTS_INVALID"
    RUN_OPTIONS_INVALID = "RUN_OPTIONS_INVALID"
    DOCUMENT_NOT_FOUND = "DOCUMENT_NOT_FOUND"
    RETRY_SKIPPED = "RETRY_SKIPPED"
    RUN_KILLED = "RUN_KILLED"
    CONCURRENT_RUN = "CONCURRENT_RUN"
    TABLE_FORMAT_CONFLICT = "TABLE_FORMAT_CONFLICT"
    PUBLICATION_NOT_FOUND = "PUBLICATION_NOT_FOUND"
    COMMIT_OUTCOME_UNKNOWN = "COMMIT_OUTCOME_UNKNOWN"
    TIMEOUT_TOO_CLOSE = "TIMEOUT_TOO_CLOSE"
    DISK_FULL = "DISK_FULL"
    STAGING_MISSING = "STAGING_MISSING"
    LAKE_FORMATION_DENIED = "LAKE_FORMATION_DENIED"
    SPARK_FAILED = "SPARK_FAILED"
    UNEXPECTED_ERROR = "UNEXPECTED_ERROR"
    # Sources
    SOURCE_NOT_CONFIGURED = "SOURCE_NOT_CONFIGURED"
    SOURCE_URL_INVALID = "SOURCE_URL_INVALID"
    SOURCE_NOT_FOUND = "SOURCE_NOT_FOUND"
    SOURCE_ACCESS_DENIED = "SOURCE_ACCESS_DENIED"
    SOURCE_REQUEST_FAILED = "SOURCE_REQUEST_FAILED"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    SOURCE_CHANGED = "SOURCE_CHANGED"
    SOURCE_EMPTY = "SOURCE_EMPTY"
    SOURCE_TLS_FAILED = "SOURCE_TLS_FAILED"
    SOURCE_ARCHIVED = "SOURCE_ARCHIVED"
    ORIGINAL_NOT_FOUND = "ORIGINAL_NOT_FOUND"
    ORIGINAL_CHANGED = "ORIGINAL_CHANGED"
    SECRET_NOT_FOUND = "SECRET_NOT_FOUND"  # noqa: S105 - a code
    SECRET_INVALID = "SECRET_INVALID"  # noqa: S105 - a code
    SECRET_ACCESS_DENIED = "SECRET_ACCESS_DENIED"  # noqa: S105 - a code
    SECRET_UNAVAILABLE = "SECRET_UNAVAILABLE"  # noqa: S105 - a code
    AUTH_FAILED = "AUTH_FAILED"
    # REST APIs
    API_RESPONSE_INVALID = "API_RESPONSE_INVALID"
    API_RESPONSE_ERROR = "API_RESPONSE_ERROR"
    API_RESPONSE_TOO_LARGE = "API_RESPONSE_TOO_LARGE"
    API_RECORDS_NOT_FOUND = "API_RECORDS_NOT_FOUND"
    API_RECORDS_AMBIGUOUS = "API_RECORDS_AMBIGUOUS"
    API_VALUE_INVALID = "API_VALUE_INVALID"
    API_TOO_MANY_VALUES = "API_TOO_MANY_VALUES"
    ENDPOINTS_CYCLE = "ENDPOINTS_CYCLE"
    PAGINATION_INVALID = "PAGINATION_INVALID"
    PAGINATION_LOOP = "PAGINATION_LOOP"
    PAGINATION_INCOMPLETE = "PAGINATION_INCOMPLETE"
    PAGINATION_TOO_MANY_PAGES = "PAGINATION_TOO_MANY_PAGES"
    # Files
    FILE_FORMAT_INVALID = "FILE_FORMAT_INVALID"
    FILE_FORMAT_UNSUPPORTED = "FILE_FORMAT_UNSUPPORTED"
    FILE_FORMAT_MISMATCH = "FILE_FORMAT_MISMATCH"
    FILE_EMPTY = "FILE_EMPTY"
    FILE_TABLE_MAPPING_REQUIRED = "FILE_TABLE_MAPPING_REQUIRED"
    FILE_TABLE_MAPPING_INVALID = "FILE_TABLE_MAPPING_INVALID"
    ARCHIVE_BOMB = "ARCHIVE_BOMB"
    ARCHIVE_DAMAGED = "ARCHIVE_DAMAGED"
    ARCHIVE_UNSUPPORTED = "ARCHIVE_UNSUPPORTED"
    ENCODING_INVALID = "ENCODING_INVALID"
    TEXT_INVALID = "TEXT_INVALID"
    QUOTE_NOT_CLOSED = "QUOTE_NOT_CLOSED"
    QUOTE_MERGES_RECORDS = "QUOTE_MERGES_RECORDS"
    RECORD_TOO_LONG = "RECORD_TOO_LONG"
    JSON_INVALID = "JSON_INVALID"
    JSON_RECORDS_NOT_FOUND = "JSON_RECORDS_NOT_FOUND"
    JSON_RECORDS_AMBIGUOUS = "JSON_RECORDS_AMBIGUOUS"
    RECORDS_MOVED = "RECORDS_MOVED"
    JSON_TOO_MANY_KEYS = "JSON_TOO_MANY_KEYS"
    PARQUET_INVALID = "PARQUET_INVALID"
    # Columns
    COLUMN_SCHEMA_INVALID = "COLUMN_SCHEMA_INVALID"
    SCHEMA_CONTRACT_CONFLICT = "SCHEMA_CONTRACT_CONFLICT"
    BUSINESS_KEY_INVALID = "BUSINESS_KEY_INVALID"
    # Derived datasets
    QUERY_NOT_FOUND = "QUERY_NOT_FOUND"
    QUERY_INVALID = "QUERY_INVALID"
    QUERY_TABLE_NOT_AN_INPUT = "QUERY_TABLE_NOT_AN_INPUT"
    TRANSFORM_RESULT_INVALID = "TRANSFORM_RESULT_INVALID"
    COLUMN_TYPE_UNSUPPORTED = "COLUMN_TYPE_UNSUPPORTED"
    COLUMN_NAME_INVALID = "COLUMN_NAME_INVALID"
    RULE_INVALID = "RULE_INVALID"
    INPUT_NOT_PUBLISHED = "INPUT_NOT_PUBLISHED"
    INPUT_CHANGED = "INPUT_CHANGED"
    INPUT_INCOMPLETE = "INPUT_INCOMPLETE"
    HISTORY_INVALID = "HISTORY_INVALID"
    HISTORY_INITIAL_INVALID = "HISTORY_INITIAL_INVALID"
    HISTORY_KEY_NOT_UNIQUE = "HISTORY_KEY_NOT_UNIQUE"
    HISTORY_UNREADABLE = "HISTORY_UNREADABLE"
    HISTORY_CLOCK_BEHIND = "HISTORY_CLOCK_BEHIND"
    # Quality gates
    ROW_COUNT_MISMATCH = "ROW_COUNT_MISMATCH"
    GATE_REQUIRED_COLUMNS = "GATE_REQUIRED_COLUMNS"
    GATE_CRITICAL_NULL_THRESHOLD = "GATE_CRITICAL_NULL_THRESHOLD"
    GATE_EXPECTED_RECORD_COUNT_MIN = "GATE_EXPECTED_RECORD_COUNT_MIN"
    GATE_MISSING_COLUMNS = "GATE_MISSING_COLUMNS"
    GATE_ALL_NULL_COLUMNS = "GATE_ALL_NULL_COLUMNS"
    GATE_MAX_SHRINK = "GATE_MAX_SHRINK"
    GATE_MAX_RESCUED_SHARE = "GATE_MAX_RESCUED_SHARE"
    GATE_SCHEMA_CONTRACT = "GATE_SCHEMA_CONTRACT"
    GATE_BUSINESS_KEY = "GATE_BUSINESS_KEY"
    GATE_RULES = "GATE_RULES"
    GATE_HISTORY = "GATE_HISTORY"
    GATE_CHURN = "GATE_CHURN"


class RunFailed(Exception):
    """The run cannot continue, and the published table is unchanged.

    The message starts with `code`, which never changes after its release. The message is one line without secrets. It
    states what was found, where, and what to do. `retryable` states whether the same run may succeed if it is started
    again. If `retryable` is false, Glue's own retry of the run fails immediately. `gates` are the failed quality gates,
    for the run record.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        retryable: bool = False,
        gates: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.code = code
        self.message = " ".join(REDACTION.redact(message).split())
        super().__init__(f"{self.code}: {self.message}")
        self.retryable = retryable
        self.gates = list(gates)

    def within(self, where: str) -> "RunFailed":
        """Return the same error with the location at the start of the message: `page 3: …`."""
        return type(self)(self.code, f"{where}: {self.message}", retryable=self.retryable, gates=self.gates)

    @classmethod
    def parse(cls, text: str, *, retryable: bool) -> "RunFailed":
        """Recreate the error that a Spark task raised. `text` is the `str()` of the error, which the traceback of the
        task contains."""
        found = re.fullmatch(r"([A-Z_]+): (.*)", text, re.DOTALL)
        if found and found[1] in ErrorCode.__members__:
            return cls(ErrorCode(found[1]), found[2], retryable=retryable)
        return cls(ErrorCode.UNEXPECTED_ERROR, text, retryable=retryable)


LAKE_FORMATION = r"Lake Formation|lakeformation:|LakeFormation"
REFUSED = r"insufficient|not authorized|denied|does not have any privilege"


class Terminated(SystemExit):
    """The process has received SIGTERM. `except Exception` does not catch this error, because it is a SystemExit."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


def run_failure(error: BaseException) -> RunFailed:
    """Convert any error to a RunFailed. An unknown error is retryable, because it may not occur again."""
    failed = _as_run_failed(error)
    if failed.code in (ErrorCode.SPARK_FAILED, ErrorCode.UNEXPECTED_ERROR) and _is_lake_formation_denial(
        failed.message
    ):
        return RunFailed(
            ErrorCode.LAKE_FORMATION_DENIED,
            f"{failed.message} Lake Formation controls this resource, so an IAM policy is not sufficient. Set "
            "lakeFormation: true on EtlCore and in EtlCore.fromPrefixes (lake_formation in config.json), or grant the "
            "permission to the role of the job: see docs/access/lake-formation.md.",
        )
    return failed


def _is_lake_formation_denial(message: str) -> bool:
    """Whether an error message means that Lake Formation denied a call. AWS services have no common error code for
    such denials."""
    return re.search(LAKE_FORMATION, message) is not None and re.search(REFUSED, message, re.IGNORECASE) is not None


def _as_run_failed(error: BaseException) -> RunFailed:
    if isinstance(error, RunFailed):
        return error
    if isinstance(error, Terminated):
        return RunFailed(
            ErrorCode.RUN_KILLED,
            "The run was stopped (SIGTERM). The published tables are unchanged. Run again.",
            retryable=True,
        )
    if isinstance(error, OSError) and error.errno in DISK_FULL_ERRNOS:
        return RunFailed(
            ErrorCode.DISK_FULL,
            f"The disk is full ({gettempdir()}: {error.strerror}). "
            "Free some space, or choose a larger data_size_category.",
        )
    return RunFailed(ErrorCode.UNEXPECTED_ERROR, f"{type(error).__name__}: {error}", retryable=True)
