"""The one error a run ends with on purpose."""


class RunFailed(Exception):
    """The run cannot go on; the published table stays as it is.

    The message says what was found, where, and what to do, in one line. `retryable` tells whether the same run may succeed if
    it is simply started again: Glue's own retry of a run that is not retryable ends at once.
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(" ".join(message.split()))
        self.retryable = retryable
