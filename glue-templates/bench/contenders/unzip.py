"""Downloads the file and unzips it to the local disk with Info-ZIP's `unzip`, which must be installed."""

import subprocess
from pathlib import Path

from bench.contenders.floor import download
from bench.request import Request


def main() -> None:
    request = Request.read()
    archive = Path(request.work, "data.zip")
    download(request, archive)
    with request.step("unzip"):
        subprocess.run(["unzip", "-q", archive, "-d", request.work], check=True)
    request.finish()


if __name__ == "__main__":
    main()
