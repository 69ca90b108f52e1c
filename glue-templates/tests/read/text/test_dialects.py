"""Cells that are written in any supported dialect are read back unchanged."""

import io
from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from etl_runtime.job.file_format import FileFormat
from etl_runtime.job.plural import plural
from etl_runtime.read import split_records
from etl_runtime.read.text import delimited, fixed_width
from log_lines import logged

Cell = str | None
Rows = list[list[Cell]]
JUNK = st.text(alphabet="ab \"'\\#,|~;", max_size=6)
CELLS = st.text(alphabet="abN .\"'\\#,|~;§é\n\r\t", max_size=5)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@dataclass
class Read:
    """The combined content of all parts of a text."""

    sources: tuple[str, ...]
    rows: Rows
    lines: list[str]


def read(text: str, file_format: FileFormat, block_bytes: int = 1 << 20, part_bytes: int = 1 << 20) -> Read:
    """Split a text into parts and read each. The counts must be equal, and all rows must have all fields."""
    kernel = fixed_width if file_format.type == "fixed_width" else delimited
    found = Read((), [], [])
    with pytest.MonkeyPatch.context() as patch, logged(found.lines):
        patch.setattr("etl_runtime.read.text.decode.BLOCK_BYTES", block_bytes)
        patch.setattr(split_records, "PART_BYTES", part_bytes)
        patch.setattr(delimited, "BLOCK_BYTES", 2 * block_bytes)
        for block in split_records._split_text(io.BytesIO(text.encode()), "x.txt", file_format):
            found.sources = block.sources
            if not block.records:
                continue  # the block with the columns of a file without records
            known = {"records": block.records} if kernel is delimited else {}
            table = kernel.read_table(block.body, file_format, len(block.sources), **known)
            assert (table.rows, table.surplus, table.short) == (block.records, {}, {})
            found.rows += [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]
    return found


@dataclass
class Writer:
    """Writes cells in a dialect. None is written as the first null value, or as an empty field."""

    file_format: FileFormat
    eager: bool
    doubles: bool

    def record(self, cells: list[Cell]) -> str:
        return self.file_format.delimiter.join(
            self.cell(cell, first=not position) for position, cell in enumerate(cells)
        )

    def cell(self, cell: Cell, first: bool) -> str:
        file_format = self.file_format
        if cell is None:
            return next(iter(file_format.null_values), "")
        special = {*file_format.delimiter, "\r", "\n", *file_format.escape}
        plain = not (special & {*cell}) and not (first and file_format.comment and cell.startswith(file_format.comment))
        if file_format.quote and (
            self.eager or not plain or cell.startswith(file_format.quote) or cell in ("", *file_format.null_values)
        ):
            return file_format.quote + self.inside(cell) + file_format.quote
        if plain:
            return cell
        assume(file_format.escape)
        special |= {*file_format.comment}
        return "".join(file_format.escape + character if character in special else character for character in cell)

    def inside(self, cell: str) -> str:
        escape, quote = self.file_format.escape, self.file_format.quote
        if escape:
            cell = cell.replace(escape, escape * 2)
        return cell.replace(quote, quote * 2 if self.doubles or not escape else escape + quote)


def expected(cell: Cell, written: str, file_format: FileFormat) -> Cell:
    """The expected cell. A quoted cell is null only if `quoted_nulls` is set."""
    quoted = bool(file_format.quote) and written.startswith(file_format.quote)
    if cell is None or (quoted and not file_format.quoted_nulls):
        return cell
    # A null value with an escape matches only its escaped notation, which the writer does not use for text.
    tokens = [token for token in file_format.null_values if not (file_format.escape and file_format.escape in token)]
    return None if cell in ("", *tokens) else cell


@given(st.data())
def test_delimited_text_is_read_back_unchanged(data: st.DataObject) -> None:
    file_format = FileFormat(
        delimiter=data.draw(st.sampled_from([",", "|", "\t", ";;", "~|~", "§"]), "delimiter"),
        quote=data.draw(st.sampled_from(["", '"', "'"]), "quote"),
        is_quote_declared=True,  # otherwise, a run refuses a record whose lines are complete records
        escape=data.draw(st.sampled_from(["", "\\"]), "escape"),
        comment=data.draw(st.sampled_from(["", "#"]), "comment"),
        header=data.draw(st.booleans(), "header"),
        null_values=data.draw(st.sampled_from([(), ("NA",), ("\\N", "NA"), ("a\\Nb",)]), "null values"),
        quoted_nulls=data.draw(st.booleans(), "quoted nulls"),
        skip_rows=data.draw(st.integers(0, 2), "skip_rows"),
        skip_footer=data.draw(st.integers(0, 2), "skip_footer"),
    )
    writer = Writer(file_format, data.draw(st.booleans(), "eager"), data.draw(st.booleans(), "doubles"))
    width = data.draw(st.integers(1, 4), "width")
    cell = st.none() | CELLS | st.sampled_from(["", "NA", "\\N", "a\\Nb"])
    rows: Rows = data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=6), "rows")
    written = [[writer.cell(value, first=not position) for position, value in enumerate(row)] for row in rows]
    header = [f"c{position}" for position in range(width)]
    lines = [file_format.delimiter.join(row) for row in written]
    assume(all(lines))  # an empty line is not a record
    if file_format.header:
        lines.insert(0, file_format.delimiter.join(header))
    lines += [file_format.delimiter.join(["total"] * width)] * file_format.skip_footer
    comments = 0
    if file_format.comment:
        for at in data.draw(st.lists(st.integers(0, len(lines)), max_size=3).map(sorted), "comments")[::-1]:
            lines.insert(at, file_format.comment + data.draw(JUNK))
            comments += 1
    lines = [data.draw(JUNK, "preamble") for _ in range(file_format.skip_rows)] + lines
    line_end = data.draw(LINE_ENDS, "line end")
    text = line_end.join(lines) + (line_end if data.draw(st.booleans(), "ended") else "")

    found = read(text, file_format, data.draw(st.integers(1, 20), "block"), data.draw(st.integers(1, 40), "part"))
    assert found.sources == (
        tuple(header) if file_format.header else tuple(f"column_{position + 1}" for position in range(width))
    )
    assert found.rows == [
        [expected(value, cell, file_format) for value, cell in zip(row, cells, strict=True)]
        for row, cells in zip(rows, written, strict=True)
    ]
    skipped = [
        (file_format.skip_rows, "line", " at the start"),
        (comments, "comment line", ""),
        (file_format.skip_footer, "record", " at the end"),
    ]
    expected_lines = [f"x.txt: skipped {plural(count, what)}{where}" for count, what, where in skipped if count]
    # A record whose lines are complete records is also in the log.
    assert sorted(line for line in found.lines if "skipped" in line) == sorted(expected_lines)


@given(st.data())
def test_fixed_width_text_is_read_back_unchanged(data: st.DataObject) -> None:
    widths = tuple(data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=5), "widths"))
    file_format = FileFormat(
        type="fixed_width",
        quote="",
        widths=widths,
        header=data.draw(st.booleans(), "header"),
        null_values=("N",),
        comment=data.draw(st.sampled_from(["", "#"]), "comment"),
        skip_rows=data.draw(st.integers(0, 2), "skip_rows"),
        skip_footer=data.draw(st.integers(0, 2), "skip_footer"),
    )
    characters = data.draw(st.sampled_from(['ab ,"\\N', 'aé𝄞 ß,"\u00a0']), "characters")
    row = st.tuples(
        *(st.text(alphabet=characters, max_size=width).map(lambda cell: cell.strip(" ")) for width in widths)
    )
    rows = data.draw(st.lists(row, min_size=1, max_size=6), "rows")
    names = tuple(f"{position}" for position in range(len(widths)))
    table = ([names] if file_format.header else []) + rows + [("9",) * len(widths)] * file_format.skip_footer
    padded = [
        "".join(
            cell.rjust(width) if data.draw(st.booleans()) else cell.ljust(width)
            for cell, width in zip(cells, widths, strict=True)
        )
        for cells in table
    ]
    lines = [line.rstrip(" ") for line in padded] if data.draw(st.booleans(), "stripped") else padded
    assume(all(lines))  # an empty line is not a record
    if file_format.comment:
        lines.insert(data.draw(st.integers(0, len(lines)), "place of a comment"), '# "a')
    line_end = data.draw(LINE_ENDS, "line end")
    text = line_end.join([*(["junk"] * file_format.skip_rows), *lines]) + line_end

    found = read(text, file_format, data.draw(st.integers(1, 20), "block"), data.draw(st.integers(1, 40), "part"))
    assert found.sources == (
        names if file_format.header else tuple(f"column_{position + 1}" for position in range(len(widths)))
    )
    assert found.rows == [[None if cell in ("", "N") else cell for cell in cells] for cells in rows]
