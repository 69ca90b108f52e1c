"""Detects whether the last column of a delimited file has values. In many files, each record ends with a delimiter."""

from collections.abc import Iterator

import numpy as np

from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.text import delimited
from etl_runtime.read.text.record_ends import CR, LF, Records


class LastColumn:
    """The last of `width` columns. `is_blank` is true as long as no record has a value in it."""

    def __init__(self, is_blank: bool, width: int, file_format: FileFormat) -> None:
        self.is_blank = is_blank
        self._width = width
        self._file_format = file_format

    def watch(self, batches: Iterator[Records]) -> Iterator[Records]:
        """Yield the batches. Updates `is_blank` before each batch."""
        for batch in batches:
            self.is_blank = self.is_blank and not self._has_values(batch)
            yield batch

    def _has_values(self, batch: Records) -> bool:
        if not batch.count() or self._is_blank_in_all(batch):
            return False
        last = delimited.read_table(batch.text, self._file_format, self._width, batch.count()).columns[-1]
        return bool(last.null_count < len(last))

    def _is_blank_in_all(self, batch: Records) -> bool:
        """Whether each record has the delimiters of `width` fields and ends with a delimiter. This is much faster than
        reading the fields.

        The delimiter at the end of a record is outside of quotes, so the last field is empty. If quotes contain another
        delimiter, the record has fewer fields.
        """
        escape = self._file_format.escape.encode()
        if escape and escape in batch.text:
            return False
        text = np.frombuffer(batch.text, np.uint8)
        delimiters = np.flatnonzero(text == self._file_format.delimiter_byte[0])
        if len(delimiters) != len(batch.ends) * (self._width - 1):
            return False
        of_record = delimiters.reshape(len(batch.ends), self._width - 1)
        line_endings = batch.ends - 1
        line_endings = line_endings - ((text[line_endings] == LF) & (text[line_endings - 1] == CR))
        starts = batch.ends[:-1]
        return bool(np.all(of_record[:, -1] == line_endings - 1) and np.all(of_record[1:, 0] >= starts))
