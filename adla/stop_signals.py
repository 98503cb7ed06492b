"""Ctrl-C and SIGTERM: no library takes one for an error of its own, or drops it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM)
AGAIN_AFTER = 10  # seconds


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
def stops_heeded() -> Iterator[None]:
    """Have Ctrl-C and SIGTERM raise KeyboardInterrupt, and again as long as the block goes on.

    A bare ``except``, a module that is imported or an object that is deleted may drop the first.
    Where Ctrl-C is ignored, as in the background of a shell, it still is.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, AGAIN_AFTER)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (*STOPS, signal.SIGALRM)}
    if before[signal.SIGINT] is not signal.default_int_handler:
        del before[signal.SIGINT]
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


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
        for sent in STOPS:
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
