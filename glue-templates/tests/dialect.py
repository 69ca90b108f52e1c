"""A simple reference parser for delimited text, to verify the fast readers."""

from etl_runtime.job.file_format import FileFormat


def parsed(text: str, file_format: FileFormat) -> list[list[str]]:
    """The cells of each record. No cell is null, and the delimiter is one character."""
    records: list[list[str]] = []
    at = 0
    while at < len(text):
        if file_format.comment and text[at] == file_format.comment:
            while at < len(text) and text[at] not in "\r\n":
                at += 1
            at = _after_line_end(text, at)
        elif text[at] in "\r\n":
            at = _after_line_end(text, at)
        else:
            cells, at = _record(text, at, file_format)
            records.append(cells)
    return records


def _record(text: str, at: int, file_format: FileFormat) -> tuple[list[str], int]:
    cells: list[str] = []
    while True:
        cell, at = _field(text, at, file_format)
        cells.append(cell)
        if at < len(text) and text[at] == file_format.delimiter:
            at += 1
        else:
            return cells, _after_line_end(text, at)


def _field(text: str, at: int, file_format: FileFormat) -> tuple[str, int]:
    start = at
    if not (file_format.quote and text[at : at + 1] == file_format.quote):
        return _plain(text, at, file_format)
    cell = ""
    at += 1
    while True:
        character = text[at]
        if file_format.escape and character == file_format.escape:
            cell += text[at + 1]
            at += 2
        elif character == file_format.quote and text[at + 1 : at + 2] == file_format.quote:
            cell += character
            at += 2
        elif character == file_format.quote:
            break
        else:
            cell += character
            at += 1
    tail, end = _plain(text, at + 1, file_format)
    return (text[start:end], end) if end > at + 1 else (cell + tail, end)


def _plain(text: str, at: int, file_format: FileFormat) -> tuple[str, int]:
    cell = ""
    while at < len(text) and text[at] != file_format.delimiter and text[at] not in "\r\n":
        if file_format.escape and text[at] == file_format.escape:
            at += 1
        cell += text[at]
        at += 1
    return cell, at


def _after_line_end(text: str, at: int) -> int:
    return at + 2 if text[at : at + 2] == "\r\n" else at + 1
