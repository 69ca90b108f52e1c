"""Whatever is written in a dialect that a dataset can declare is read back, cell by cell."""

import io
from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from etl_runtime import csv_kernel, fixed_width_kernel, pieces
from etl_runtime.file_format import FileFormat

Cell = str | None
Rows = list[list[Cell]]
JUNK = st.text(alphabet="ab \"'\\#,|~;", max_size=6)
CELLS = st.text(alphabet="abN .\"'\\#,|~;§é\n\r\t", max_size=5)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@dataclass
class Read:
    """What the parts of a text hold together, as a run reads them."""

    sources: tuple[str, ...]
    rows: Rows
    said: list[str]


def read(text: str, rules: FileFormat, block_bytes: int = 1 << 20, part_bytes: int = 1 << 20) -> Read:
    """Cut a text into parts and read each; the counts must agree, and no row may be ragged."""
    kernel = fixed_width_kernel if rules.type == "fixed_width" else csv_kernel
    found = Read((), [], [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("etl_runtime.text.BLOCK_BYTES", block_bytes)
        patch.setattr(pieces, "PART_BYTES", part_bytes)
        patch.setattr(csv_kernel, "BLOCK_BYTES", 2 * block_bytes)
        for piece in pieces._of_text(io.BytesIO(text.encode()), "x.txt", rules, found.said.append):
            found.sources = piece.sources
            known = {"records": piece.records} if kernel is csv_kernel else {}
            table = kernel.read_table(piece.body, rules, len(piece.sources), **known)
            assert (table.rows, table.surplus, table.short) == (piece.records, {}, {})
            found.rows += [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]
    return found


@dataclass
class Writer:
    """Writes cells so that the rules read them back; None is written as the first null value, or as nothing."""

    rules: FileFormat
    eager: bool
    doubles: bool

    def record(self, cells: list[Cell]) -> str:
        return self.rules.delimiter.join(self.cell(cell, first=not place) for place, cell in enumerate(cells))

    def cell(self, cell: Cell, first: bool) -> str:
        rules = self.rules
        if cell is None:
            return next(iter(rules.null_values), "")
        special = {*rules.delimiter, "\r", "\n", *rules.escape}
        plain = not (special & {*cell}) and not (first and rules.comment and cell.startswith(rules.comment))
        if rules.quote and (self.eager or not plain or cell.startswith(rules.quote) or cell in ("", *rules.null_values)):
            return rules.quote + self.inside(cell) + rules.quote
        if plain:
            return cell
        assume(rules.escape)
        special |= {*rules.comment}
        return "".join(rules.escape + mark if mark in special else mark for mark in cell)

    def inside(self, cell: str) -> str:
        escape, quote = self.rules.escape, self.rules.quote
        if escape:
            cell = cell.replace(escape, escape * 2)
        return cell.replace(quote, quote * 2 if self.doubles or not escape else escape + quote)


def expected(cell: Cell, written: str, rules: FileFormat) -> Cell:
    """What the rules make of a cell: only those that are not quoted, or quoted where quotes make no difference, may be missing."""
    quoted = bool(rules.quote) and written.startswith(rules.quote)
    if cell is None or (quoted and not rules.quoted_nulls):
        return cell
    # With an escape in it, a null value is its escaped form: the text itself is written otherwise.
    tokens = [token for token in rules.null_values if not (rules.escape and rules.escape in token)]
    return None if cell in ("", *tokens) else cell


@given(st.data())
def test_delimited_text_is_read_back(data: st.DataObject) -> None:
    rules = FileFormat(
        delimiter=data.draw(st.sampled_from([",", "|", "\t", ";;", "~|~", "§"]), "delimiter"),
        quote=data.draw(st.sampled_from(["", '"', "'"]), "quote"),
        escape=data.draw(st.sampled_from(["", "\\"]), "escape"),
        comment=data.draw(st.sampled_from(["", "#"]), "comment"),
        header=data.draw(st.booleans(), "header"),
        null_values=data.draw(st.sampled_from([(), ("NA",), ("\\N", "NA"), ("a\\Nb",)]), "null values"),
        quoted_nulls=data.draw(st.booleans(), "quoted nulls"),
        skip_rows=data.draw(st.integers(0, 2), "skip_rows"),
        skip_footer=data.draw(st.integers(0, 2), "skip_footer"),
    )
    writer = Writer(rules, data.draw(st.booleans(), "eager"), data.draw(st.booleans(), "doubles"))
    width = data.draw(st.integers(1, 4), "width")
    cell = st.none() | CELLS | st.sampled_from(["", "NA", "\\N", "a\\Nb"])
    rows: Rows = data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=6), "rows")
    written = [[writer.cell(value, first=not place) for place, value in enumerate(row)] for row in rows]
    header = [f"c{place}" for place in range(width)]
    lines = [rules.delimiter.join(row) for row in written]
    assume(all(lines))  # an empty line is no record
    if rules.header:
        lines.insert(0, rules.delimiter.join(header))
    lines += [rules.delimiter.join(["total"] * width)] * rules.skip_footer
    comments = 0
    if rules.comment:
        for at in data.draw(st.lists(st.integers(0, len(lines)), max_size=3).map(sorted), "comments")[::-1]:
            lines.insert(at, rules.comment + data.draw(JUNK))
            comments += 1
    lines = [data.draw(JUNK, "preamble") for _ in range(rules.skip_rows)] + lines
    line_end = data.draw(LINE_ENDS, "line end")
    text = line_end.join(lines) + (line_end if data.draw(st.booleans(), "ended") else "")

    found = read(text, rules, data.draw(st.integers(1, 20), "block"), data.draw(st.integers(1, 40), "part"))
    assert found.sources == (tuple(header) if rules.header else tuple(f"column_{place + 1}" for place in range(width)))
    assert found.rows == [
        [expected(value, cell, rules) for value, cell in zip(row, cells, strict=True)] for row, cells in zip(rows, written, strict=True)
    ]
    left_out = [("lines", rules.skip_rows), ("comments", comments), ("records", rules.skip_footer)]
    counts = [f"{count} {what if count > 1 else what[:-1]}" for what, count in left_out if count]
    assert sorted(" ".join(said.split()[3:5]) for said in found.said) == sorted(counts)


@given(st.data())
def test_fixed_width_is_read_back(data: st.DataObject) -> None:
    widths = tuple(data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=5), "widths"))
    rules = FileFormat(
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
    row = st.tuples(*(st.text(alphabet=characters, max_size=width).map(lambda cell: cell.strip(" ")) for width in widths))
    rows = data.draw(st.lists(row, min_size=1, max_size=6), "rows")
    names = tuple(f"{place}" for place in range(len(widths)))
    table = ([names] if rules.header else []) + rows + [("9",) * len(widths)] * rules.skip_footer
    padded = [
        "".join(cell.rjust(width) if data.draw(st.booleans()) else cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        for cells in table
    ]
    lines = [line.rstrip(" ") for line in padded] if data.draw(st.booleans(), "stripped") else padded
    assume(all(lines))  # an empty line is no record
    if rules.comment:
        lines.insert(data.draw(st.integers(0, len(lines)), "place of a comment"), '# "a')
    line_end = data.draw(LINE_ENDS, "line end")
    text = line_end.join([*(["junk"] * rules.skip_rows), *lines]) + line_end

    found = read(text, rules, data.draw(st.integers(1, 20), "block"), data.draw(st.integers(1, 40), "part"))
    assert found.sources == (names if rules.header else tuple(f"column_{place + 1}" for place in range(len(widths))))
    assert found.rows == [[None if cell in ("", "N") else cell for cell in cells] for cells in rows]
