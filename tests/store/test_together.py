"""Work that all threads of a process share while it is under way."""

from __future__ import annotations

import threading

import pytest

from signing_service.errors import UnavailableError
from signing_service.store.together import Together


def test_work_that_hangs_keeps_the_other_threads_no_longer_than_they_wait():
    together, begun, end = Together[bytes](), threading.Event(), threading.Event()

    def hang() -> bytes:
        begun.set()
        end.wait(20)
        return b"late"

    hanging = threading.Thread(target=together.run, args=(hang,), kwargs={"patience": 20})
    hanging.start()
    assert begun.wait(20)
    with pytest.raises(UnavailableError, match="is busy"):
        together.run(lambda: b"never", patience=0.05)
    end.set()
    hanging.join()
    assert together.run(lambda: b"again", patience=0.05) == b"again"
