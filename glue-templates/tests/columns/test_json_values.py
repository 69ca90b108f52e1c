"""The conversion of JSON values in Python."""

import gc

from etl_runtime.columns.json_values import without_garbage_collection


def test_garbage_collection_is_paused_until_the_last_thread_has_ended() -> None:
    first, second = without_garbage_collection(), without_garbage_collection()
    assert gc.isenabled()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()
