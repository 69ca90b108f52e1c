"""What a dataset is made of, whatever its layer."""

from typing import Any, Protocol

from faults.proxy import Proxy

Version = int


class Origin(Protocol):
    """Has one version after the other. `proxy` lies between it and where it keeps them, and can spoil what goes through."""

    proxy: Proxy

    def names(self) -> dict[str, Any]:
        """What the stack says of it in the job's argument `names`."""

    def document(self) -> dict[str, Any]:
        """What the dataset's document says of it."""

    def publish(self, version: Version) -> None:
        """Have this version, wholly."""

    def close(self) -> None: ...
