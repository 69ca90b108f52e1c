"""The bronze job with every column declared as text, which shows the time without type inference."""

from bench.contenders.job import DATASET, run
from bench.request import Request

if __name__ == "__main__":
    request = Request.read()
    columns = {column.source: {"type": "string"} for column in request.data.columns_with_values}
    run(request, column_schema={DATASET: columns})
