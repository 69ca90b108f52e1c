"""DuckDB from the unzipped file to a Parquet file on this disk, with the types told: about what these cores can do at best."""

from pathlib import Path

import duckdb

from bench.request import Request


def main() -> None:
    request = Request.read()
    kind = request.of
    output = str(Path(request.work, "output.parquet"))
    types = ", ".join(f"'{column.name}': '{column.type}'" for column in kind.columns)
    dates = f", dateformat = '{kind.date_format}'" if kind.date_format else ""
    connection = duckdb.connect(config={"threads": request.cores})
    with request.step("convert"):
        connection.execute(
            f"COPY (FROM read_csv('{request.csv}', columns = {{{types}}}, auto_detect = false, delim = '{kind.delimiter}', quote = '\"', "
            f"header = {str(kind.header).lower()}{dates})) TO '{output}' (FORMAT parquet, COMPRESSION zstd)"
        )
    request.done(output)


if __name__ == "__main__":
    main()
