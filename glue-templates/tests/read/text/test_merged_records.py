"""Records that stray quotes merge are reported, and text with line breaks is not."""

import logging
import re

import pytest

from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import STAND_IN, FileFormat
from etl_runtime.read.text.record_ends import split_at_record_ends

ROWS = "".join(f"{n},Name {n},{n}.50,DE\n" for n in range(1, 31))
TABS = FileFormat(delimiter="\t")


def count(text: str, file_format: FileFormat, block: int = 1 << 20) -> int:
    data = text.encode()
    blocks = iter([data[at : at + block] for at in range(0, len(data), block)])
    return sum(batch.count() for batch in split_at_record_ends(blocks, file_format, "x.csv"))


@pytest.mark.parametrize("block", [1 << 20, 100])
@pytest.mark.parametrize(
    ("text", "file_format", "record"),
    [
        pytest.param(f'id,name,price,country\n{ROWS}31,"Villa Alba,1.50,DE\n32,B,2.5,FR\n33,Beta",3.50,DE\n', FileFormat(), 32, id="in the same column"),
        pytest.param(f'id,name,price,country\n{ROWS}31,"Villa Alba,1.50,DE\n32,B,2.5,"FR"\n', FileFormat(), 32, id="in another column"),
        pytest.param(f'id,name,price,country\n{ROWS}31,"Villa Alba,1.50,DE\n32,say "B" now,2.5,DE\n', FileFormat(), 32, id="text after the quote"),
        pytest.param('{}a\t"b\tc\nd\te"\tf\n'.format("x\ty\tz\n" * 3), FileFormat(delimiter="\t", header=False), 4, id="only text, separated by tabs"),
        pytest.param('id\ttext\n1\t"Hello\n2\tworld"\n3\tc\n4\td\n5\te\n6\tf\n', TABS, 2, id="two columns, separated by tabs"),
        pytest.param('id\tend\tn\n{}51\t"\\N\t3\n52\t\\N"\t4\n'.format("".join(f"{n}\t\\N\t{n}\n" for n in range(50))), TABS, 52, id="with a word for missing values"),
        pytest.param("path,n\n{}y,7\nz,8\\\nw,9\n".format("".join(f"x{n},{n}\n" for n in range(9))), FileFormat(escape="\\"), 12, id="an escape at the end of a line"),
    ],
)  # fmt: skip
def test_merged_records_fail(text: str, file_format: FileFormat, record: int, block: int) -> None:
    with pytest.raises(RunFailed, match=f"^QUOTE_MERGES_RECORDS: x.csv, record {record}: a quoted field") as raised:
        count(text, file_format, block)
    assert 'set file_format.quote to "". If the line breaks' in str(raised.value)
    assert 'set file_format.quote to "\\""' in str(raised.value)


@pytest.mark.parametrize("block", [1 << 20, 100])
@pytest.mark.parametrize(
    ("text", "records"),
    [
        pytest.param(f'id,name,price,country\n{ROWS}31,"12 Main St, Apt 4\nSpringfield,IL,62704",2.50,DE\n', 32, id="an address"),
        pytest.param('id,name,address,country\n1,Bob,"12 Main St, Apt 4\nSpringfield, IL, 62704",US\n2,Ann,x,DE\n', 3, id="an address in a short file"),
        pytest.param('name,address,country\n' + 'Bob,"Apt 4,Main\nSpringfield,IL",US\n' * 30 + "Ann,x,US\n" * 30, 61, id="only text"),
        pytest.param('id,comment\n1,"Hello\nBest, Bob"\n2,"x\ny, z"\n', 3, id="comments"),
        pytest.param('id,comment\n' + "".join(f'{n},"line one\nline {n}, two"\n' for n in range(50)), 51, id="line breaks in all records"),
        pytest.param('id,a,b\n1,"x\n\ny",2\n', 2, id="an empty line"),
        pytest.param('a,b\nAnn,"Hello\nBest,Bob"\n', 2, id="two columns of text"),
    ],
)  # fmt: skip
def test_line_breaks_in_a_text_are_kept(text: str, records: int, block: int) -> None:
    assert count(text, FileFormat(), block) == records


def test_a_merged_record_is_shown_with_its_delimiter() -> None:
    text = 'id||name||n\n{}9||"a||9\n10||b"||10\n'.format("".join(f"{n}||a||{n}\n" for n in range(9)))
    file_format = FileFormat(delimiter="||")
    normalized = text.replace("||", STAND_IN.decode())
    with pytest.raises(RunFailed, match=re.escape(r'It begins with "9||\"a||9".')):
        count(normalized, file_format)


def test_a_declared_quote_is_certain(caplog: pytest.LogCaptureFixture) -> None:
    text = f'id,name,price,country\n{ROWS}31,"Villa Alba,1.50,DE\n32,Beta",3.50,DE\n'
    with caplog.at_level(logging.INFO):
        assert count(text, FileFormat(is_quote_declared=True)) == 32
    assert (
        "x.csv, record 32: a quoted field contains line breaks, but each of its 2 lines is a complete record"
        in caplog.text
    )


def test_without_quotes_each_line_is_a_record() -> None:
    assert count('1,"a\n2,b"\n', FileFormat(quote="")) == 2
