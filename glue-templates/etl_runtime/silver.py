"""The API for custom scripts that build the tables of a silver dataset.

`etl_runtime.silver` exports `run_silver` and `Silver`; see `run_silver` for an example.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from etl_runtime.derived import TransformContext, run_derived

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class Silver(TransformContext):
    """The inputs and services of a transform. `run_silver` passes an instance to the transform function.

    In `spark.sql`, the tables of the inputs are available under their Athena names.

    Example:
        def transform(silver: Silver) -> DataFrame:
            zipcodes = silver.read("pp_dw_bronze.zipcodes")
            silver.require("a state has two letters", "length(state) = 2")
            return zipcodes.select("city", "state").distinct()
    """


Transform = Callable[[Silver], "DataFrame | Mapping[str, DataFrame]"]
"""A function that returns the table or, for a dataset with `outputs`, the tables, keyed by their names in `outputs`."""


def run_silver(argv: Sequence[str], transform: Transform) -> None:
    """Run a silver job: read the inputs, build the tables, check the quality gates and publish.

    The run record in the bucket and the lines in the job log describe each step. If an input publishes new data
    while the transform reads it, the transform runs again, up to three times in total.

    Args:
        argv: The command line of the job, `sys.argv`. It contains the arguments that the stack sets.
        transform: A function that builds the table from a `Silver`. It returns a Spark DataFrame or, for a dataset with
            `outputs`, a mapping from the names in `outputs` to DataFrames. It can run more than once, so it must not
            have side effects.

    Raises:
        RunFailed: The run cannot continue, for example because a query is invalid or a quality gate fails. The message
            begins with an error code. The published tables are unchanged, unless the error occurs after published.json
            is written. In that case, the next run completes the publication.
        GlueArgumentError: A required argument is missing from `argv`.

    Example:
        A complete custom script for the `transform` of a dataset:

            import sys

            from pyspark.sql import DataFrame

            from etl_runtime.silver import Silver, run_silver


            def transform(silver: Silver) -> DataFrame:
                zipcodes = silver.read("pp_dw_bronze.zipcodes")
                silver.require("a state has two letters", "length(state) = 2")
                return zipcodes.select("city", "state").distinct()


            if __name__ == "__main__":
                run_silver(sys.argv, transform)
    """
    run_derived(argv, transform, Silver)
