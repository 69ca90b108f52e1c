"""The parts of a table and samples of its records, which unpacking produces and the conversion uses."""

from dataclasses import dataclass

from etl_runtime.read.part import Part

MAX_SAMPLES_PER_TABLE = 64


@dataclass(frozen=True)
class Sample:
    """The first records of a part, for type inference."""

    part: Part
    body: bytes


@dataclass
class UnpackedTable:
    """The parts of one table. Its records are counted here, independently of the conversion."""

    parts: list[Part]
    samples: list[Sample]

    def without_last_source(self) -> "UnpackedTable":
        """The table without the last source column of each part."""
        samples = [Sample(sample.part.without_last_source(), sample.body) for sample in self.samples]
        return UnpackedTable([part.without_last_source() for part in self.parts], samples)

    @property
    def records(self) -> int:
        return sum(part.records for part in self.parts)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    @property
    def sources(self) -> list[str]:
        """The source columns from the headers: first the columns of the first file, then additional columns of later
        files."""
        return list(dict.fromkeys(source for part in self.parts for source in part.sources))
