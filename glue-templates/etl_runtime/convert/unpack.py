"""Splits the original files into parts. A part consists of complete records, which are counted here. Memory use is
bounded.
"""

import json
import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from etl_runtime.convert.part_writer import PartWriter
from etl_runtime.convert.table_mapping import map_tables
from etl_runtime.convert.unpacked_table import MAX_SAMPLES_PER_TABLE, Sample, UnpackedTable
from etl_runtime.job.arguments import Names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileFormat
from etl_runtime.job.plural import plural
from etl_runtime.read.container import Member, members
from etl_runtime.read.detect_format import with_delimiter_of
from etl_runtime.read.part import Part
from etl_runtime.read.split_records import RecordBlock, split_api_responses, split_records, type_of
from etl_runtime.source.api.endpoints import Endpoint
from etl_runtime.source.files.original import Original
from etl_runtime.source.records_contract import RecordsContract, TableRecords

LOG = logging.getLogger(__name__)

MIN_DELIMITER_LINES, MAX_DELIMITER_LINES = 3, 100
"""The minimum and maximum number of lines to search for another delimiter."""
MAX_RATIO, FREE_BYTES = 300, 1 << 30
"""The maximum size of a table is FREE_BYTES plus MAX_RATIO times the size of its download. A larger table is a
decompression bomb."""


def unpack(
    originals: Sequence[Original],
    file_format: FileFormat,
    mapping: Mapping[str, str],
    endpoints: Mapping[str, Endpoint],
    names: Names,
    writer: PartWriter,
    contract: RecordsContract | None = None,
    *,
    may_be_empty: Collection[str] = (),
) -> dict[str, UnpackedTable]:
    """Split the originals into parts, keyed by table. `endpoints` are the API endpoints, keyed by table.

    `contract` defines where the records are in JSON documents.

    Raises RunFailed if a file cannot be read, is not assigned to a table, or is a decompression bomb. Also raises
    RunFailed if a file has no records and its table is not in `may_be_empty`.
    """
    tables = {key: UnpackedTable([], []) for key in names.tables}
    contract = contract or RecordsContract()
    max_bytes = FREE_BYTES + MAX_RATIO * sum(original.size for original in originals)
    with ExitStack() as stack, writer:
        found = {original.name: stack.enter_context(members(original)) for original in originals}
        assigned = map_tables(found, mapping, names.tables)
        files = Counter(key for _, key in assigned)
        for member, key in assigned:
            splitter = _Splitter(key, contract.of(key), writer, max_bytes, key in may_be_empty, files[key] == 1)
            records = splitter.split(member, file_format.of_table(key), endpoints.get(key), tables[key])
            LOG.info(f"{member.name} → {key}: {plural(records, 'record')}")
        used = {member for member, _ in assigned}
        skipped = [member.name for inside in found.values() for member in inside if member not in used]
    if skipped:
        LOG.info(f"skipped files: {', '.join(skipped)}")
    for key, table in tables.items():
        _log_likely_delimiter(key, table, file_format.of_table(key))
    return tables


def _log_likely_delimiter(key: str, table: UnpackedTable, file_format: FileFormat) -> None:
    if not table.parts or table.parts[0].type != "csv":
        return
    delimiter = table.parts[0].delimiter
    others = [character for character in ",;|\t" if character != delimiter]
    header = delimiter.join(table.sources)
    if len(table.sources) == 1:
        if likely := [character for character in others if character in header]:
            LOG.info(f"{key} has one column, {json.dumps(header)}. Is the delimiter {json.dumps(likely[0])}?")
        return
    if file_format.is_delimiter_declared or not table.samples:
        return
    lines = [header] if file_format.header else []
    lines += table.samples[0].body.decode(errors="replace").splitlines()[:MAX_DELIMITER_LINES]
    if likely := [character for character in others if _separates(character, lines, delimiter)]:
        LOG.warning(
            f"{key} has {len(table.sources)} columns, separated by {json.dumps(delimiter)}, but each line also has the "
            f"same number of {json.dumps(likely[0])}. If that is the delimiter, declare delimiter "
            f"{json.dumps(likely[0])} and reset the schema contract."
        )


def _separates(character: str, lines: Sequence[str], delimiter: str) -> bool:
    """Whether a character could replace `delimiter` as the delimiter, because it occurs equally often in all lines."""
    counts = {line.count(character) for line in lines if line}
    if len(counts) != 1 or 0 in counts or len(lines) < MIN_DELIMITER_LINES:
        return False
    return character in "\t|" or min(counts) > min(line.count(delimiter) for line in lines if line)


@dataclass(frozen=True)
class _Splitter:
    """Splits files of the table `key` into parts."""

    key: str
    places: TableRecords
    writer: PartWriter
    max_bytes: int
    may_be_empty: bool
    is_only_file: bool

    def split(self, member: Member, file_format: FileFormat, endpoint: Endpoint | None, table: UnpackedTable) -> int:
        """Add the parts of a file to its table. Returns the number of records."""
        type = "json" if endpoint else type_of(member, file_format)
        if table.parts and table.parts[0].type != type:
            raise RunFailed(
                ErrorCode.FILE_FORMAT_MISMATCH,
                f"{member.name} is {type} and {table.parts[0].member} is {table.parts[0].type}, but all files of a "
                "table must have the same type. Assign the files to different tables in file_table_mapping, or declare "
                "file_format.type.",
            )
        file_format = with_delimiter_of(member.name, replace(file_format, type=type))
        blocks = (
            split_api_responses(member, endpoint, self.places)
            if endpoint
            else split_records(member, file_format, self.key, self.places)
        )
        if self.may_be_empty:
            blocks = _allow_empty(blocks)
        parts: list[Part] = []
        samples: list[bytes] = []  # from the first parts
        records = 0
        blank_last = True
        for block in blocks:
            size, first, number = len(block.body), records + 1, len(table.parts) + len(parts)
            part = Part("", type, member.name, block.sources, size, block.records, first, file_format.delimiter)
            parts.append(self.writer.write(self.key, number, part, block, is_only_file=self.is_only_file))
            if len(table.samples) + len(samples) < MAX_SAMPLES_PER_TABLE:
                samples.append(block.sample)
            records += block.records
            blank_last = blank_last and block.blank_last
            if table.bytes + sum(part.bytes for part in parts) > self.max_bytes:
                raise RunFailed(
                    ErrorCode.ARCHIVE_BOMB,
                    f"{member.name} unpacks to more than {self.max_bytes >> 20:,} MB, which is more than {MAX_RATIO} "
                    "times the size of its download. Check whether the file is a decompression bomb. If it is valid, "
                    "ask the data provider for a file with a lower compression ratio.",
                )
        if not records and not endpoint and not file_format.records_optional and not self.may_be_empty:
            found = "a header but no records" if file_format.header and type in ("csv", "fixed_width") else "no records"
            raise RunFailed(
                ErrorCode.FILE_EMPTY,
                f"{member.name} contains {found}. The published table is unchanged. Check what the source publishes. "
                "If the table can be empty, set its data_quality.expected_record_count_min to 0.",
                retryable=True,
            )
        if blank_last:
            parts = [part.without_last_source() for part in parts]
        table.parts += parts
        table.samples += [Sample(part, sample) for part, sample in zip(parts, samples, strict=False)]
        return records


def _allow_empty(blocks: Iterator[RecordBlock]) -> Iterator[RecordBlock]:
    """The blocks of a file, or one empty block if the file has no bytes, no lines or no rows."""
    try:
        yield from blocks
    except RunFailed as failed:
        if failed.code != ErrorCode.FILE_EMPTY:
            raise
        yield RecordBlock(b"", 0, b"")
