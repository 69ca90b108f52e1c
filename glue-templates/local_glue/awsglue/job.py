"""A substitute for awsglue.job in the Glue service."""

from collections.abc import Mapping
from typing import Any


class Job:
    """The job of a script. Job bookmarks do not exist locally, so `init` and `commit` have no effect on data."""

    def __init__(self, glue_context_or_spark_session: Any) -> None:
        self._is_initialized = False

    def init(self, job_name: str, args: Mapping[str, Any] | None = None) -> None:
        self._is_initialized = True

    def isInitialized(self) -> bool:
        return self._is_initialized

    def commit(self) -> None:
        pass
