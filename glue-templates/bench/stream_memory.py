"""How much memory the driver needs to fetch and unpack: it must not grow with the file.

Serves a ZIP with one CSV of 50 MB, then one of 2 GB, over local HTTP; a fresh process each fetches it, keeps the original and
cuts the parts, in the emulator's memory. Prints seconds and the peak of each process. Run it with `npx projen bench:memory`.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
BUCKET = "bench"


def main() -> None:
    parser = argparse.ArgumentParser(description="Peak memory of fetching and unpacking, by size of the file.")
    parser.add_argument("--mb", type=int, nargs="+", default=[50, 2000], help="sizes of the CSV, in MB (default: 50 2000)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(fetch_and_unpack(arguments.one)))
        return
    with tempfile.TemporaryDirectory(prefix="medallion-bench-") as folder:
        for mb in arguments.mb:
            make_zip(Path(folder) / f"{mb}.zip", mb * 1_000_000)
        serve(arguments.mb, folder)


def make_zip(path: Path, size: int) -> None:
    """A CSV of about `size` bytes: codes with leading zeros, quoted names with commas, dates, numbers. The same each time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open("data.csv", "w") as file:
        file.write(b"Item Code,Proprietary Name,Marketing Start Date,Price,Quantity\n")
        written = row = 0
        while written < size:
            rows = range(row, row + 20_000)
            text = "".join(
                f'{n:010},"Name {n % 977}, of {n * 7919 % 104729}",2024-{n % 12 + 1:02}-01,{n % 1000}.{n % 100:02},{n}\n' for n in rows
            )
            file.write(text.encode())
            written += len(text)
            row += 20_000


def serve(sizes: list[int], folder: str) -> None:
    handler = partial(QuietHandler, directory=folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    emulator = subprocess.Popen(
        [os.environ["LAKE_PYTHON"], HERE.parent / "local_glue" / "emulator.py", "--memory"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert emulator.stdin
    assert emulator.stdout
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": emulator.stdout.readline().strip(),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONPATH": os.pathsep.join(str(HERE.parent / folder) for folder in ("", "jobs", "local_glue")),
    }
    print(f"{'CSV':>8} {'ZIP':>8} {'fetch':>8} {'unpack':>8} {'MB/s':>7} {'peak':>8}")
    for mb in sizes:
        url = f"http://127.0.0.1:{server.server_port}/{mb}.zip"
        done = subprocess.run([sys.executable, __file__, "--one", url], env=environment, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        packed = Path(folder, f"{mb}.zip").stat().st_size / 1e6
        print(
            f"{mb:>5} MB {packed:>5.0f} MB {found['fetch']:>6.1f} s {found['unpack']:>6.1f} s "
            f"{mb / (found['fetch'] + found['unpack']):>7.0f} {found['peak_mb']:>5.0f} MB"
        )
    emulator.stdin.close()
    emulator.wait(10)
    server.shutdown()


def fetch_and_unpack(url: str) -> dict[str, float]:
    from concurrent.futures import ThreadPoolExecutor

    from etl_runtime.arguments import Names, TableName
    from etl_runtime.fetch import fetch
    from etl_runtime.file_format import FileFormat
    from etl_runtime.originals import KeptOriginal, keep
    from etl_runtime.store import Store
    from etl_runtime.unpack import unpack

    store = Store()
    store.client.create_bucket(Bucket=BUCKET)
    root = f"s3://{BUCKET}/"
    names = Names("bronze", "data", BUCKET, "", "", "", root, root, {"data": TableName("data", root)}, 30)
    started = time.monotonic()
    original = fetch(url, lambda _: None)
    fetched = time.monotonic()
    assert original
    with original.file, ThreadPoolExecutor(1) as background:
        keeping = background.submit(keep, KeptOriginal(original, f"{root}raw/data.zip", there=False), store)
        unpack([original], FileFormat(), {}, {}, names, f"{root}staging/", store, lambda _: None)
        keeping.result()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return {"fetch": fetched - started, "unpack": time.monotonic() - fetched, "peak_mb": peak}


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    main()
