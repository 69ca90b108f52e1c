"""The one error a run ends with on purpose."""

import errno
from collections.abc import Mapping, Sequence
from tempfile import gettempdir
from typing import Any

from etl_runtime.hidden import HIDDEN

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where no more can be written."""


class RunFailed(Exception):
    """The run cannot go on; the published table stays as it is.

    The message says what was found, where, and what to do, in one line and without secrets. `retryable` tells whether the same run may
    succeed if it is simply started again: Glue's own retry of a run that is not retryable ends at once. `gates` are the quality gates
    that failed, for the run's record.
    """

    def __init__(self, message: str, *, retryable: bool = False, gates: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(" ".join(HIDDEN.out_of(message).split()))
        self.retryable = retryable
        self.gates = list(gates)


def explained(error: BaseException) -> RunFailed:
    """The RunFailed that tells of this error. One that we have no words for is retryable: it may be gone the next time."""
    if isinstance(error, RunFailed):
        return error
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return RunFailed(f"The disk is full ({gettempdir()}: {error.strerror}). Free some space, or choose a larger data_size_category.")
    return RunFailed(f"{type(error).__name__}: {error}", retryable=True)
