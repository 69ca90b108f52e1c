"""Downloads the part of a source that the inspection needs."""

import logging
import re
import zlib
from bz2 import BZ2Decompressor
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import copyfileobj
from tempfile import NamedTemporaryFile
from typing import Any

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.read.file_signatures import BZIP2_MAGIC, GZIP_MAGIC
from etl_runtime.source.files.fetch import fetch, file_name
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original
from inspection.sample import SAMPLE_BYTES, detect_type

LOG = logging.getLogger(__name__)

CHUNK_BYTES = 64 << 10


def open_source(source: str) -> Original:
    """Open the first SAMPLE_BYTES bytes of a text or JSON Lines file, or the complete file if it has another type.

    `source` is a URL or the path of a local file. Raises RunFailed if it cannot be read.
    """
    if not re.match("https?://", source):
        return _local_file(Path(source))
    original = _fetched(source, SAMPLE_BYTES)
    if original.total is None:
        return original
    if sample := _decompressed(original):
        return sample
    original.file.close()
    LOG.info(f"{original.name}: this file type cannot be sampled; downloading all {original.total / 1e6:,.0f} MB")
    return _fetched(source)


def _fetched(url: str, max_bytes: int | None = None) -> Original:
    original = fetch(url, FetchContext(), max_bytes=max_bytes)
    if original is None:
        raise RunFailed(ErrorCode.SOURCE_EMPTY, f"{url}: the response has no body. Check the URL.")
    return original


def _local_file(path: Path) -> Original:
    if not path.is_file():
        raise RunFailed(
            ErrorCode.SOURCE_NOT_FOUND,
            f"{path} is neither a URL that begins with http:// or https:// nor a file on this machine. Check the path.",
        )
    copy = NamedTemporaryFile(prefix="medallion-")  # noqa: SIM115 - the Original owns it
    with path.open("rb") as stream:
        copyfileobj(stream, copy)
    copy.flush()
    url = path.resolve().as_uri()
    return Original(copy, file_name(url), url, path.stat().st_size, "", None, None)


def _decompressed(original: Original) -> Original | None:
    """Decompress the first part of a file. Returns None if the type requires the complete file."""
    compressed = original.path.read_bytes()
    text, consumed = _decompress(compressed)
    name = original.name.removesuffix(".gz").removesuffix(".bz2")
    if compressed.startswith(b"PK") or detect_type(name, text) not in ("csv", "jsonl"):
        return None
    original.file.seek(0)
    original.file.truncate()
    original.file.write(text)
    original.file.flush()
    return replace(original, size=consumed)


def _decompress(compressed: bytes) -> tuple[bytes, int]:
    """Return the decompressed start of a gzip or bzip2 file, and the number of compressed bytes that were read.

    Other files are returned unchanged.
    """
    new_stream: Callable[[], Any] | None = None
    if compressed.startswith(GZIP_MAGIC):
        new_stream = partial(zlib.decompressobj, wbits=31)
    elif BZIP2_MAGIC.match(compressed):
        new_stream = BZ2Decompressor
    if new_stream is None:
        return compressed, len(compressed)
    text, consumed, stream = bytearray(), 0, new_stream()
    while consumed < len(compressed) and len(text) < SAMPLE_BYTES:
        chunk = compressed[consumed : consumed + CHUNK_BYTES]
        consumed += len(chunk)
        while chunk:
            text += stream.decompress(chunk)
            chunk = stream.unused_data
            if stream.eof:
                stream = new_stream()
    return bytes(text), consumed
