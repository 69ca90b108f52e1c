"""What the Glue jobs share: a module for each step of a run.

A bronze run goes `fetch` (HTTP → raw), `unpack` (raw bytes → parts cut at record ends), `shape` (parts → typed Parquet in
staging, in Spark tasks), `check` (gates), `publish` (staging → table). `record` keeps the run's record.

Nothing here computes a name or a path: the stack hands them over (`arguments`).
"""
