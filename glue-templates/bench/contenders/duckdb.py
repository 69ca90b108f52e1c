"""Converts the unzipped local file to a local Parquet file with DuckDB and declared types, as a lower bound."""

from pathlib import Path

import duckdb

from bench.request import Request


def main() -> None:
    request = Request.read()
    kind = request.data
    output = str(Path(request.work, "output.parquet"))
    types = ", ".join(f"'{column.name}': '{column.type}'" for column in kind.columns)
    dates = f", dateformat = '{kind.date_format}'" if kind.date_format else ""
    connection = duckdb.connect(config={"threads": request.cores})
    with request.step("convert"):
        connection.execute(
            f"COPY (FROM read_csv('{request.csv}', columns = {{{types}}}, auto_detect = false, "
            f"delim = '{kind.delimiter}', quote = '\"', header = {str(kind.header).lower()}{dates})) "
            f"TO '{output}' (FORMAT parquet, COMPRESSION zstd)"
        )
    request.finish(output)


if __name__ == "__main__":
    main()
