"""Downloads the file and unzips it to the local disk with Python's zipfile module, without conversion."""

import shutil
import urllib.request
import zipfile
from pathlib import Path

from bench.request import Request

CHUNK_BYTES = 1 << 20


def download(request: Request, archive: Path) -> None:
    with request.step("fetch"), urllib.request.urlopen(request.url) as response, archive.open("wb") as file:
        shutil.copyfileobj(response, file, CHUNK_BYTES)


def main() -> None:
    request = Request.read()
    archive, text = Path(request.work, "data.zip"), Path(request.work, "data.csv")
    download(request, archive)
    with (
        request.step("unzip"),
        zipfile.ZipFile(archive) as zipped,
        zipped.open("data.csv") as member,
        text.open("wb") as file,
    ):
        shutil.copyfileobj(member, file, CHUNK_BYTES)
    request.finish()


if __name__ == "__main__":
    main()
