from etl_runtime import run_gold
