"""Delimited text read byte by byte, slowly and plainly: what the kernels' results are compared with."""

from etl_runtime.file_format import FileFormat


def parsed(text: str, rules: FileFormat) -> list[list[str]]:
    """The cells of each record. Nothing is null here, and a delimiter is one character."""
    records: list[list[str]] = []
    at = 0
    while at < len(text):
        if rules.comment and text[at] == rules.comment:
            while at < len(text) and text[at] not in "\r\n":
                at += 1
            at = _behind_line_end(text, at)
        elif text[at] in "\r\n":
            at = _behind_line_end(text, at)
        else:
            cells, at = _record(text, at, rules)
            records.append(cells)
    return records


def _record(text: str, at: int, rules: FileFormat) -> tuple[list[str], int]:
    cells: list[str] = []
    while True:
        cell, at = _field(text, at, rules)
        cells.append(cell)
        if at < len(text) and text[at] == rules.delimiter:
            at += 1
        else:
            return cells, _behind_line_end(text, at)


def _field(text: str, at: int, rules: FileFormat) -> tuple[str, int]:
    begin = at
    if not (rules.quote and text[at : at + 1] == rules.quote):
        return _plain(text, at, rules)
    cell = ""
    at += 1
    while True:
        mark = text[at]
        if rules.escape and mark == rules.escape:
            cell += text[at + 1]
            at += 2
        elif mark == rules.quote and text[at + 1 : at + 2] == rules.quote:
            cell += mark
            at += 2
        elif mark == rules.quote:
            break
        else:
            cell += mark
            at += 1
    tail, end = _plain(text, at + 1, rules)
    return (text[begin:end], end) if end > at + 1 else (cell + tail, end)


def _plain(text: str, at: int, rules: FileFormat) -> tuple[str, int]:
    cell = ""
    while at < len(text) and text[at] != rules.delimiter and text[at] not in "\r\n":
        if rules.escape and text[at] == rules.escape:
            at += 1
        cell += text[at]
        at += 1
    return cell, at


def _behind_line_end(text: str, at: int) -> int:
    return at + 2 if text[at : at + 2] == "\r\n" else at + 1
