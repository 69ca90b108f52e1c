"""The content of a dataset with Iceberg tables as readers of the Data Catalog see it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3

from faults.lake import Lake, Read, Rows, State, combined, state
from faults.reader_process import ReaderProcess, ReadFailed

READ_INTERVAL_SECONDS = 0.05  # long enough to leave most CPU time to the job


class IcebergLake(Lake):
    """A dataset with Iceberg tables. A table that is not in the Data Catalog counts as a table without rows."""

    def __init__(self, endpoint: str, bucket: str, names: Mapping[str, Any], read: Read, reader: ReaderProcess) -> None:
        super().__init__(endpoint, bucket, names, read)
        self._reader = reader
        self._glue = boto3.client("glue", endpoint_url=endpoint)

    def seen(self, old: Rows, new: Rows) -> State:
        """The state for all readers of the Data Catalog."""
        return combined(self.seen_of(key, old, new) for key in self._names["tables"])

    def seen_of(self, key: str, old: Rows, new: Rows) -> State:
        """The state of one table."""
        return state(self._current(key), old[key], new[key])

    def listed(self, old: Rows, new: Rows) -> State:
        """The state for derived datasets and for readers of the metadata file that published.json names."""
        if not self.keys(f"{self._names['runs']}published.json"):
            return combined(state([], old[key], new[key]) for key in self._names["tables"])
        published = self.published()["tables"]
        by_files = super().listed(old, new)
        by_metadata = combined(
            state(self._of_metadata(published[key]["metadata_location"]), old[key], new[key])
            for key in self._names["tables"]
        )
        return by_files if by_files == by_metadata else State.WRONG

    def is_current(self) -> bool:
        """Whether published.json names the metadata files that the Data Catalog names."""
        published = self.published()["tables"]
        return all(
            self._glue.get_table(DatabaseName=self._names["database"], Name=table["name"])["Table"]["Parameters"][
                "metadata_location"
            ]
            == published[key]["metadata_location"]
            for key, table in self._names["tables"].items()
        )

    def unexpected_objects(self) -> list[str]:
        """Missing objects, objects that nothing refers to, and objects that only an active run needs."""
        bucket = f"s3://{self._bucket}/"
        named: set[str] = set()
        snapshots: set[int] = set()
        for table in self._names["tables"].values():
            ids, uris = self._reader.named(self._names["database"], table["name"])
            snapshots |= ids
            named |= uris
        existing = {f"{bucket}{key}" for key in self.keys(f"{bucket}{self._names['layer']}/{self._names['dataset']}/")}
        found = [f"missing: {uri}" for uri in sorted(named - existing)]
        runs = self._names["runs"]
        for key in self.keys(f"{runs}publications/"):
            record = self._json(f"{bucket}{key}".removeprefix(runs))
            for name, table in record["tables"].items():
                named |= {f"{bucket}{file}" for file in table["files"]} | set(record["metadata_objects"][name])
            if not snapshots & {table["snapshot_id"] for table in record["tables"].values()}:
                found.append(f"no snapshot of {key}")
        found += [f"unnamed: {uri}" for uri in sorted(existing - named)]
        found += self.keys(self._names["staging"])
        newest = self.records()[-1]
        for key in self.keys(f"{self._names['runs']}writing/"):
            # A run without a publication deletes its own marker, but not the markers of killed runs.
            if newest["status"] != "unchanged" or newest["run_id"] in key:
                found.append(key)
        found += ["publishing.json"] if self.is_publishing() else []
        return found + self.wrong_tags()

    def reset(self) -> None:
        """Delete everything that runs of the dataset have written."""
        for table in self._names["tables"].values():
            self._glue.delete_table(DatabaseName=self._names["database"], Name=table["name"])
        for uri in (f"s3://{self._bucket}/{self._names['layer']}/{self._names['dataset']}/", self._names["runs"]):
            self.remove(uri)
        if "raw" in self._names:
            self.remove(self._names["raw"])

    @contextmanager
    def reading(self, old: Rows, new: Rows, writes: Callable[[], int]) -> Iterator[list[str]]:
        """Read each table in a loop within the block. Yields problems, such as a read of a mixture of two versions.

        The tables are read again only if the result of `writes` differs, because only a write of the job changes them.
        """
        problems: list[str] = []
        stop = threading.Event()

        def read() -> None:
            last = -1
            while not stop.wait(READ_INTERVAL_SECONDS):
                if (current := writes()) == last:
                    continue
                last = current
                for key in self._names["tables"]:
                    try:
                        seen = self.seen_of(key, old, new)
                    except ReadFailed as error:
                        problems.append(f"a read failed: {error}")
                    else:
                        if seen not in (State.OLD, State.NEW):
                            problems.append(f"a reader of {key} sees {seen}")

        thread = threading.Thread(target=read)
        thread.start()
        try:
            yield problems
        finally:
            stop.set()
            thread.join()

    def _current(self, key: str) -> list[str]:
        found = self._reader.current(self._names["database"], self._names["tables"][key]["name"])
        return [] if found is None else self._read([found])

    def _of_metadata(self, location: str) -> list[str] | None:
        found = self._reader.of_metadata(location)
        return None if found is None else self._read([found])
