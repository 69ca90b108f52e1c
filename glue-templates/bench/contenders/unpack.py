"""The steps of the job before the conversion: download, copy to raw/, and split into parts. Compare with `floor`."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.contenders.job import DATASET, names
from bench.package import PACKAGE
from bench.request import Request


def main() -> None:
    request = Request.read()
    sys.path.insert(0, str(Path(request.work, PACKAGE)))
    from etl_runtime.convert.part_writer import PartWriter
    from etl_runtime.convert.unpack import unpack
    from etl_runtime.job.arguments import Names, TableName
    from etl_runtime.job.file_format import file_format_of
    from etl_runtime.job.store import Store
    from etl_runtime.source.files.fetch import fetch
    from etl_runtime.source.files.fetch_context import FetchContext
    from etl_runtime.source.originals import KeptOriginal, keep

    own, store = names(), Store()
    tables = {DATASET: TableName(**own.pop("tables")[DATASET])}
    file_format = file_format_of({"dataset": DATASET, "data_size_category": "small", **request.data.document})  # type: ignore[typeddict-item]
    with request.step("fetch"):
        original = fetch(request.url, FetchContext())
        assert original
    with (
        request.step("unpack"),
        original.file,
        ThreadPoolExecutor(1) as background,
        TemporaryDirectory() as folder,
    ):
        keeping = background.submit(keep, KeptOriginal(original, f"{own['raw']}data.zip", is_stored=False), store)
        writer = PartWriter(Path(folder), own["staging"], store)
        unpack([original], file_format, {}, {}, Names(**own, tables=tables), writer)
        keeping.result()
    request.finish()


if __name__ == "__main__":
    main()
