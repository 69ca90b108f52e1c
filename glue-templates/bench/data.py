"""Generates the benchmark data: three kinds of delimited text, each as one CSV file in a ZIP file.

The content is deterministic. Rows are streamed to the file, so that the size is not limited by memory. Generated files
are kept in a folder for later runs.
"""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROWS_PER_WRITE = 1000
VERSION = 2  # the version of the data; files of other versions are not reused

DOSAGE_FORMS = ("TABLET", "TABLET, FILM COATED", "CAPSULE", "INJECTION, SOLUTION", "CREAM", "OINTMENT")
CATEGORIES = ("NDA", "ANDA", "BLA", "OTC MONOGRAPH FINAL", "UNAPPROVED DRUG OTHER")
TYPES = ("HUMAN PRESCRIPTION DRUG", "HUMAN OTC DRUG", "VACCINE", "PLASMA DERIVATIVE")
UNITS = ("EA", "GM", "ML")
TEXT = (
    "apply store below after review shipment carton delayed customer reported damaged label was replaced at no cost "
    "with the batch under a new number and returned to the line of the second plant for inspection by quality before "
    "release"
)
WORDS = TEXT.split()


@dataclass(frozen=True)
class Column:
    """A column: its name in the source, and its type in DuckDB."""

    source: str
    type: str

    @property
    def name(self) -> str:
        """The name in snake_case, as the job cleans it."""
        return self.source.lower().replace(" ", "_")


@dataclass(frozen=True)
class Kind:
    """A kind of file: its columns, the generator of its rows, and its format.

    `document` has the keys of the dataset document for this format.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[range], Iterator[str]]
    delimiter: str = ","
    header: bool = True
    has_trailing_delimiter: bool = False
    line_breaks_in_quotes: bool = False
    date_format: str = ""
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def columns_with_values(self) -> tuple[Column, ...]:
        """The columns of the job's table, which omits the empty column after a trailing delimiter."""
        return self.columns[:-1] if self.has_trailing_delimiter else self.columns


def scattered(number: int) -> int:
    """A deterministic pseudo-random 32-bit number."""
    mixed = (number * 2654435761 + 12345) & 0xFFFFFFFF
    return ((mixed ^ (mixed >> 15)) * 2246822519) & 0xFFFFFFFF


def day(number: int) -> str:
    return f"{1980 + number % 45}{number // 45 % 12 + 1:02}{number // 540 % 28 + 1:02}"


def wide_rows(numbers: range) -> Iterator[str]:
    """Rows like those of a public drug directory.

    They have codes with leading zeros, quoted names with commas, dates as yyyyMMdd, and many empty fields.
    """
    for number in numbers:
        one, two = scattered(number), scattered(number + 1_000_000_007)
        labeler, product, package = number // 10_000, number // 10 % 1000, number % 10
        yield (
            f"{labeler:05}-{product:03}-{package},{labeler:06}{product:04}{package},"
            f'"Name {one % 9973}, {WORDS[two % 31]} {two % 500} mg",'
            f'"{DOSAGE_FORMS[one % 6]}",{CATEGORIES[two % 5]},{"" if one % 5 == 0 else f"A{two % 999_999:06}"},'
            f"{TYPES[one % 4]},"
            f"{day(one)},{day(two) if two % 4 == 0 else ''},{UNITS[one % 3]},{day(one + two) if one % 50 == 0 else ''},"
            f"{day(two) if two % 100 == 0 else ''}\n"
        )


def piped_rows(numbers: range) -> Iterator[str]:
    """Rows of long text, delimited by pipes, with a trailing pipe. One text in fifty contains a line break."""
    for number in numbers:
        one, two = scattered(number), scattered(number + 1_000_000_007)
        words = " ".join(
            WORDS[scattered(number * 12 + part) >> shift & 31] for part in range(12) for shift in (0, 6, 12, 18, 24)
        )
        text = words.replace(" ", "\n", 1) if number % 50 == 0 else words
        date = f"{2000 + one % 25}-{one % 12 + 1:02}-{two % 28 + 1:02}"
        yield (
            f"{number:010}|{one % 100:03}|{date}|{two % 100_000}|{one % 100_000}.{two % 100:02}|"
            f'"{text}"|{UNITS[two % 3]}|'
            f"{'' if one % 3 else WORDS[one % 31]}|\n"
        )


def narrow_rows(numbers: range) -> Iterator[str]:
    """Rows of five numbers."""
    for number in numbers:
        one = scattered(number)
        yield f"{number},{one % 5000},{one % 1440},{one % 9000}.{one % 97:02},{one / 977 + 0.5}\n"


def columns(**types: str) -> tuple[Column, ...]:
    return tuple(Column(name.replace("_", " ").title(), type) for name, type in types.items())


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "wide",
            (
                Column("Item Code", "VARCHAR"),
                Column("NDC11", "VARCHAR"),
                *columns(
                    proprietary_name="VARCHAR",
                    dosage_form="VARCHAR",
                    marketing_category="VARCHAR",
                    application_number="VARCHAR",
                ),
                *columns(
                    product_type="VARCHAR",
                    marketing_start_date="DATE",
                    marketing_end_date="DATE",
                    billing_unit="VARCHAR",
                ),
                *columns(inactivation_date="DATE", reactivation_date="DATE"),
            ),
            wide_rows,
            date_format="%Y%m%d",
            document={"date_format": "yyyyMMdd"},
        ),
        Kind(
            "pipes",
            columns(
                column_1="VARCHAR",
                column_2="VARCHAR",
                column_3="DATE",
                column_4="BIGINT",
                column_5="DECIMAL(7,2)",
                column_6="VARCHAR",
                column_7="VARCHAR",
                column_8="VARCHAR",
                column_9="VARCHAR",
            ),
            piped_rows,
            delimiter="|",
            header=False,
            has_trailing_delimiter=True,
            line_breaks_in_quotes=True,
            document={"file_format": {"type": "csv", "delimiter": "|", "header": False}},
        ),
        Kind(
            "narrow",
            columns(reading="BIGINT", station="BIGINT", minute="BIGINT", level="DECIMAL(6,2)", drift="DOUBLE"),
            narrow_rows,
        ),
    )
}


def make(kind: Kind, mb: int, folder: Path) -> Path:
    """Return a ZIP file of this kind, with a CSV file of about `mb` MB. Generates the ZIP file if it does not exist."""
    path = folder / f"{kind.name}-{mb}-v{VERSION}.zip"
    if not path.exists():
        unfinished = path.with_suffix(".part")
        member = zipfile.ZipInfo("data.csv")  # with a constant modification time
        member.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(unfinished, "w") as archive, archive.open(member, "w", force_zip64=True) as file:
            write(kind, mb * 1_000_000, file)
        unfinished.rename(path)
    return path


def write(kind: Kind, size: int, file: IO[bytes]) -> None:
    written = (
        file.write((kind.delimiter.join(column.source for column in kind.columns) + "\n").encode())
        if kind.header
        else 0
    )
    first = 0
    while written < size:
        written += file.write("".join(kind.rows(range(first, first + ROWS_PER_WRITE))).encode())
        first += ROWS_PER_WRITE
