"""The origin of a dataset's rows, in either layer."""

from typing import Any, Protocol

from faults.proxy import Proxy

Version = int


class Origin(Protocol):
    """Publishes one version after the other, through `proxy`, which can inject faults."""

    proxy: Proxy

    def names(self) -> dict[str, Any]:
        """The part of the job's argument `names` that describes it."""

    def document(self) -> dict[str, Any]:
        """The part of the dataset document that describes it."""

    def publish(self, version: Version) -> None:
        """Publish this version completely."""

    def close(self) -> None: ...
