"""The API for custom scripts that build the tables of a gold dataset.

`etl_runtime.gold` exports `run_gold` and `Gold`; see `run_gold` for an example.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from etl_runtime.derived import TransformContext, run_derived

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class Gold(TransformContext):
    """The inputs and services of a transform. `run_gold` passes an instance to the transform function.

    In `spark.sql`, the tables of the inputs are available under their Athena names.

    Example:
        def transform(gold: Gold) -> DataFrame:
            zipcodes = gold.read("pp_dw_bronze.zipcodes")
            gold.require("a state has two letters", "length(state) = 2")
            return zipcodes.groupBy("state").count()
    """


Transform = Callable[[Gold], "DataFrame | Mapping[str, DataFrame]"]
"""A function that returns the table or, for a dataset with `outputs`, the tables, keyed by their names in `outputs`."""


def run_gold(argv: Sequence[str], transform: Transform) -> None:
    """Run a gold job: read the inputs, build the tables, check the quality gates and publish.

    The run record in the bucket and the lines in the job log describe each step. If an input publishes new data
    while the transform reads it, the transform runs again, up to three times in total.

    Args:
        argv: The command line of the job, `sys.argv`. It contains the arguments that the stack sets.
        transform: A function that builds the table from a `Gold`. It returns a Spark DataFrame or, for a dataset with
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

            from etl_runtime.gold import Gold, run_gold


            def transform(gold: Gold) -> DataFrame:
                zipcodes = gold.read("pp_dw_bronze.zipcodes")
                gold.require("a state has two letters", "length(state) = 2")
                return zipcodes.groupBy("state").count()


            if __name__ == "__main__":
                run_gold(sys.argv, transform)
    """
    run_derived(argv, transform, Gold)
