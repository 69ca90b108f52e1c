"""Downloads the files of a component of the local environment, several at the same time.

python download.py packages FOLDER REQUIREMENTS [--only NAME] [--without NAME]   the files of locked requirements
python download.py jars FOLDER LIST                                             the jars of a list

Files are kept in FOLDER until the setup is complete. A complete file is not downloaded again, and an interrupted
download is resumed. pip does neither: it discards an interrupted download, and its cache keeps only files that the
index allows to be cached.

All requests use the configuration of pip: index, proxy, certificates and credentials. pip has no public API for this,
so the script runs in the environment of the installer, whose version of pip is locked.

Several times per second, the script prints a line `progress RECEIVED TOTAL` to standard output (TOTAL is 0 while it is
unknown). At the end, it prints a line `file PATH` per file.
"""

import argparse
import fcntl
import hashlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import unquote

from pip._internal.commands.install import InstallCommand
from pip._internal.exceptions import PipError
from pip._internal.network.session import PipSession
from pip._internal.req.constructors import install_req_from_parsed_requirement
from pip._internal.req.req_file import parse_requirements
from pip._internal.req.req_install import InstallRequirement
from pip._vendor.requests import RequestException
from pip._vendor.urllib3.exceptions import HTTPError

# pip and browsers use the same number of connections per server.
_THREADS = 6
_ATTEMPTS = 5
_RETRIES = 2
_BLOCK = 1 << 18
_UPDATE_INTERVAL = 0.25
# Spark uses the same variable for the packages of spark.jars.packages.
_MAVEN_REPOSITORY = os.environ.get("DEFAULT_ARTIFACT_REPOSITORY") or "https://repo1.maven.org/maven2/"


class DownloadFailed(Exception):
    """A file cannot be downloaded, or its content is unexpected."""


@dataclass
class File:
    """A file to download, and the number of its bytes that are already on this machine."""

    name: str
    # Called when the download starts, because it requests a page of the package index.
    find_url: Callable[["Client"], str]
    sha256: frozenset[str]
    received: int = 0
    # None until the response starts.
    total: int | None = None


class Client:
    """Requests files and pages with the configuration of pip. Each thread has its own client, because sessions are not
    thread-safe."""

    def __init__(self) -> None:
        command = InstallCommand("install", "Installs packages.")
        options, _ = command.parse_args([])
        options.retries = _RETRIES
        # If credentials are missing, fail instead of asking for them.
        options.no_input = True
        # No cache, because files are kept in the folder.
        options.cache_dir = None
        self.session: PipSession = command._build_session(options)
        self.finder = command._build_package_finder(options, self.session)


def package_files(requirements: Path, only: str | None, without: str | None) -> Iterator[File]:
    """Yield one file for each requirement that applies to this Python version."""
    session = PipSession()
    for parsed in parse_requirements(str(requirements), session):
        requirement = install_req_from_parsed_requirement(parsed)
        if requirement.match_markers() and requirement.name not in (None, without) and only in (None, requirement.name):
            yield _package_file(requirement)


def _package_file(requirement: InstallRequirement) -> File:
    hashes = requirement.hashes(trust_internet=False)

    def find_url(client: Client) -> str:
        best = client.finder.find_best_candidate(requirement.name, requirement.specifier, hashes).best_candidate
        if best is None:
            raise DownloadFailed(
                f"The package index has no file for {requirement.req} that fits this machine. Check the package index "
                "that pip uses (pip config list)."
            )
        url: str = best.link.url_without_fragment
        return url

    return File(f"{requirement.name}", find_url, frozenset(hashes._allowed.get("sha256", [])))


def jar_files(jars: Path) -> Iterator[File]:
    """Yield one file for each line of the list. A line has the form `SHA256 GROUP:ARTIFACT:VERSION`."""
    for line in jars.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        sha256, coordinates = line.split(" ")
        group, artifact, version = coordinates.split(":")
        path = f"{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.jar"
        url = f"{_MAVEN_REPOSITORY.rstrip('/')}/{path}"
        yield File(f"{artifact} {version}", lambda _client, url=url: url, frozenset([sha256]))  # type: ignore[misc]


@dataclass
class Downloads:
    """Downloads files into a folder."""

    folder: Path
    files: Sequence[File]
    _clients: threading.local = field(default_factory=threading.local)

    def run(self) -> list[Path]:
        """Download the files that the folder does not contain yet. Returns the paths of all files, in their order."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_THREADS) as threads:
            running = [threads.submit(self._download, file) for file in self.files]
            try:
                while not all(future.done() for future in running):
                    self._report()
                    if any(future.done() and future.exception() for future in running):
                        break
                    time.sleep(_UPDATE_INTERVAL)
                return [future.result() for future in running]
            finally:
                threads.shutdown(wait=False, cancel_futures=True)

    def _report(self) -> None:
        totals = [file.total for file in self.files]
        total = 0 if None in totals else sum(each or 0 for each in totals)
        print(f"progress {sum(file.received for file in self.files)} {total}", flush=True)

    @property
    def _client(self) -> Client:
        if not hasattr(self._clients, "client"):
            self._clients.client = Client()
        client: Client = self._clients.client
        return client

    def _download(self, file: File) -> Path:
        url = file.find_url(self._client)
        path = self.folder / unquote(url.rsplit("/", 1)[-1])
        part = self.folder / f"{path.name}.part"
        with part.open("ab", buffering=0) as output:
            # Another process may download the same file for another component.
            fcntl.flock(output, fcntl.LOCK_EX)
            if path.exists() and _sha256(path) in file.sha256:
                part.unlink(missing_ok=True)
                file.received = file.total = path.stat().st_size
                return path
            was_resumed = output.tell() > 0
            self._receive(file, url, output)
            if was_resumed and _sha256(part) not in file.sha256:
                output.truncate(0)
                self._receive(file, url, output)
            if (sha256 := _sha256(part)) not in file.sha256:
                part.unlink()
                raise DownloadFailed(f"The SHA-256 hash {sha256} of {path.name} does not match the locked hash.")
            part.rename(path)
        return path

    def _receive(self, file: File, url: str, output: IO[bytes]) -> None:
        """Append the rest of the file to the output. Retry if the connection is lost."""
        for attempt in range(_ATTEMPTS):
            try:
                self._request(file, url, output)
                return
            except (RequestException, HTTPError) as error:
                if attempt == _ATTEMPTS - 1:
                    raise
                logging.warning("%s: retrying after %r", file.name, error)
                time.sleep(2**attempt / 2)

    def _request(self, file: File, url: str, output: IO[bytes]) -> None:
        done = os.fstat(output.fileno()).st_size
        # A compressed response would have different bytes and a different length.
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={done}-"} if done else {})}
        with self._client.session.get(url, headers=headers, stream=True) as response:
            if response.status_code == 416:
                # The file is already complete. Its hash is checked next.
                file.received = file.total = done
                return
            response.raise_for_status()
            if response.status_code != 206:
                done = 0
                output.truncate(0)
            file.received = done
            file.total = done + int(response.headers.get("Content-Length", 0)) or None
            while block := response.raw.read(_BLOCK):
                output.write(block)
                file.received += len(block)
            if file.total is not None and file.received < file.total:
                raise HTTPError(f"received {file.received} of {file.total} bytes")
            file.total = file.received


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def main(args: Iterable[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["packages", "jars"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("list", type=Path)
    parser.add_argument("--only")
    parser.add_argument("--without")
    options = parser.parse_args(list(args))
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    # At this level, pip logs why a page of the index cannot be read.
    logging.getLogger("pip._internal.index.collector").setLevel(logging.DEBUG)
    files = (
        jar_files(options.list)
        if options.kind == "jars"
        else package_files(options.list, options.only, options.without)
    )
    try:
        paths = Downloads(options.folder, list(files)).run()
    except (DownloadFailed, OSError, HTTPError, PipError) as error:
        print(f"ERROR: {error}", file=sys.stderr, flush=True)
        # Other threads are still downloading files. The next setup resumes these downloads.
        os._exit(1)
    for path in paths:
        print(f"file {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
