"""The origin of a bronze dataset: files over HTTP."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from faults.origin import Version
from faults.proxy import Proxy, download_kind
from source_server import Response, serving


class ServedFiles:
    """Serves the `files` of a version, keyed by path. The job stores its originals in `raw`."""

    def __init__(self, files: Callable[[Version], dict[str, bytes]], raw: str) -> None:
        self._files = files
        self._raw = raw
        self._open = ExitStack()
        self._served = self._open.enter_context(serving())
        self.proxy = Proxy(self._served.url, download_kind)

    def names(self) -> dict[str, Any]:
        return {"raw": self._raw}

    def document(self) -> dict[str, Any]:
        return {"source_url": [self.proxy.url + path for path in self._files(0)]}

    def publish(self, version: Version) -> None:
        for path, body in self._files(version).items():
            self._served.serves(path, Response(body, headers={"ETag": f'"{version}"'}, ranges=True))

    def close(self) -> None:
        self.proxy.close()
        self._open.close()
