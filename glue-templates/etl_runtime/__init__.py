"""What the Glue jobs share: a module for each step of a run, and one for each kind of file and value.

The steps of a bronze run, as `bronze` calls them for `jobs/bronze_job.py` or a script of one's own:

- `arguments`, `record`, `metrics`: what the run was told, and what it tells.
- `publish.recover`: finish or undo what a run before left half-done.
- `originals`: the files, from the source (`sources`, `fetch`, `bucket_files`, `unchanged`), from an API, a script's own fetch or an
  earlier run. An API is asked by `api`: its `endpoints`, an `api_call` and its answer, what is behind it (`pagination`, `page_signs`), and
  where the records are (`api_records`, `json_path`).
- Requests go through `http_client`: signed (`auth`, `credentials`, `client_credentials`), spaced (`pace`), made again (`retries`) and
  explained (`http_errors`). `secret_value` reads secrets, `hidden` keeps them out of what people read.
- `unpack`: their records, cut into parts in staging (`part`). `container` finds the files in an original, `assign` their tables,
  `told_type` what they are, `pieces` cuts them: text (`text`, `records`; read `ahead` of the cutting), JSON (`json_records`), Parquet
  (`parquet_parts`), the answers of an API (`answer_records`).
- `shape`: typed Parquet in staging, by `convert` in Spark tasks. `read_part` reads a part as `cells`: of text (`csv_kernel`,
  `fixed_width_kernel`, `text_cells`), JSON (`json_kernel`, `json_cells`, `json_inference`) or Parquet (`arrow_cells`). What a cell may be is
  a form: `forms`, `date_pattern`, `number_format`, or what `column_schema` declares (`declared_forms`, `decimal_text`).
- `check`: the gates, `business_key` among them; `gates` are those that both layers have.
- `publish`: staging → the table.

The steps of a gold run, as `gold` calls them for `jobs/gold_job.py` or a script of one's own:

- `inputs`: what each input has published last, as tables that Spark knows.
- `query`: the dataset's SQL (`statements`), or the script's own transform; `gold_columns`: names and types that Athena takes.
- `history`: the rows with the versions before them.
- `write`: typed Parquet in staging, counted as it is written.
- `check_gold`: the gates, `rules` of a script among them; then `publish`, as bronze does. What both hand to it is `staged`.

The tasks of both layers write their objects with `parquet_object`; both say numbers of things as `counted`.

Nothing here computes a name or a path: the stack hands them over. All that goes to S3 goes through `store`.
"""
