"""`medallion run` reads the progress of a job from a file."""

import json
import logging
import threading
import time
from pathlib import Path
from typing import Any

from progress_file import RUNTIME_PROGRESS, writing_progress

from conftest import Response, Source
from etl_runtime.job import progress
from etl_runtime.job.spark import start_spark
from etl_runtime.source.files.fetch import fetch
from etl_runtime.source.files.fetch_context import FetchContext
from log_lines import logged


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"activities": {}, "tasks": None}


def test_a_download_is_in_the_file_while_it_runs(source: Source, tmp_path: Path) -> None:
    path, body = tmp_path / "progress.json", b"x" * 150
    url = source.serves("/slow.csv", Response(body, pause_seconds=0.01))
    states, ended = [], threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            states.append(read(path)["activities"].get(url))

    watcher = threading.Thread(target=watch)
    with writing_progress(str(path)):
        watcher.start()
        original = fetch(f"{url}?key=1", FetchContext())
        ended.set()
        watcher.join()
        assert read(path) == {"activities": {}, "tasks": None}
    assert original
    original.file.close()
    sizes = [state["done"] for state in states if state]
    assert {state["total"] for state in states if state} == {150}
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 2


def test_the_completed_tasks_of_spark_are_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    seen: set[tuple[int, int]] = set()
    spark = start_spark()
    with writing_progress(str(path)):
        job = threading.Thread(
            target=lambda: spark.sparkContext.parallelize(range(8), 8).foreach(lambda _: time.sleep(0.8))
        )
        job.start()
        while job.is_alive():
            if tasks := read(path)["tasks"]:
                seen.add(tuple(tasks))
            time.sleep(0.05)
        time.sleep(1)
        assert read(path)["tasks"] is None
    assert {total for _, total in seen} == {8}
    assert len(seen) > 1


def test_the_log_has_the_progress_only_without_a_file(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(progress, "FIRST_LINE_SECONDS", 0)
    assert progress.LOG is RUNTIME_PROGRESS

    def lines_of(path: str | None) -> list[str]:
        with logged() as lines, writing_progress(path), progress.DownloadProgress("x.csv") as download:
            download.received(1_000_000, 2_000_000)
        return lines

    assert lines_of(str(tmp_path / "progress.json")) == []
    assert [line.split(",")[0] for line in lines_of(None)] == ["x.csv: 1.0 of 2.0 MB"]
    assert RUNTIME_PROGRESS.level == logging.NOTSET
    assert not RUNTIME_PROGRESS.handlers
    assert not RUNTIME_PROGRESS.filters


def test_a_folder_that_cannot_be_written_does_not_fail_the_job(tmp_path: Path) -> None:
    with (
        writing_progress(str(tmp_path / "missing" / "progress.json")),
        progress.DownloadProgress("x.csv") as download,
    ):
        download.received(1, 2)
