"""Ctrl-C and SIGTERM: no library takes one for an error of its own, or drops it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


def is_stop(error: BaseException) -> bool:
    """Say whether an error is a KeyboardInterrupt, or was raised while one was handled.

    A bare ``except`` turns it into another error: mmengine's ``Config.pretty_text`` into a
    SyntaxError that shows the whole config.
    """
    found: BaseException | None = error
    while found is not None and not isinstance(found, KeyboardInterrupt):
        found = found.__context__
    return found is not None


@contextmanager
def stops_held() -> Iterator[None]:
    """Keep a Ctrl-C or SIGTERM that Python handles until the block has ended, also by an error.

    A second one is not kept: the block may hang.
    """
    kept: list[int] = []
    before: dict[int, Callable] = {}

    def keep(number: int, frame: FrameType | None) -> None:
        if kept:
            before[number](number, frame)
        kept.append(number)

    if threading.current_thread() is threading.main_thread():  # no other may set a handler
        for sent in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(sent)
            if callable(handler):
                before[sent] = handler
                signal.signal(sent, keep)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if kept:
            signal.raise_signal(kept[0])
