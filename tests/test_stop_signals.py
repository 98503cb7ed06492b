"""A request to stop is neither taken for an error nor dropped."""

import signal
import threading
import time

import pytest

from adla import stop_signals
from adla.stop_signals import is_stop, stops_heeded, stops_held

SENT = [signal.SIGINT, signal.SIGTERM]
pytestmark = pytest.mark.usefixtures("heeded_stops")


def caught(raise_it):
    try:
        raise_it()
    except BaseException as error:
        return error


def hide(kind, again=False):
    """Raise KeyboardInterrupt and turn it into another error, as a bare except does."""
    try:
        if again:
            hide(kind)
        raise KeyboardInterrupt
    except:  # noqa: E722
        raise kind("Failed to format the config file")  # noqa: B904


def test_an_error_that_hides_a_stop():
    assert is_stop(KeyboardInterrupt())
    for kind in (SyntaxError, RuntimeError, SystemExit):
        assert is_stop(caught(lambda kind=kind: hide(kind)))
        assert is_stop(caught(lambda kind=kind: hide(kind, again=True)))


def test_an_error_of_its_own():
    def fail():
        try:
            raise ValueError("first")
        except ValueError:
            raise RuntimeError("second") from None

    assert not is_stop(ValueError("wrong")) and not is_stop(caught(fail))


@pytest.mark.parametrize("sent", SENT)
def test_one_that_is_dropped_comes_again(monkeypatch, sent):
    monkeypatch.setattr(stop_signals, "AGAIN_AFTER", 0.1)
    before = [signal.getsignal(number) for number in (*SENT, signal.SIGALRM)]
    dropped = 0
    with pytest.raises(KeyboardInterrupt), stops_heeded():
        while dropped < 3:
            try:
                if not dropped:
                    signal.raise_signal(sent)
                time.sleep(60)
            except:  # noqa: E722
                dropped += 1
        time.sleep(60)
    assert dropped == 3
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert [signal.getsignal(number) for number in (*SENT, signal.SIGALRM)] == before


def test_a_background_that_ignores_ctrl_c():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with stops_heeded():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.parametrize("sent", SENT)
def test_it_comes_after_the_block(sent):
    done = []
    with pytest.raises(KeyboardInterrupt), stops_held():
        try:
            signal.raise_signal(sent)
        except:  # noqa: E722
            done.append("dropped")
        done.append("block")
    assert done == ["block"]
    assert signal.getsignal(sent) is signal.default_int_handler


def test_the_second_does_not_wait():
    done = []
    with pytest.raises(KeyboardInterrupt), stops_held():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        done.append("block")
    assert not done


def test_an_error_of_the_block_is_kept_with_it():
    with pytest.raises(KeyboardInterrupt) as stop, stops_held():
        signal.raise_signal(signal.SIGINT)
        raise OSError("No space left on device")
    assert isinstance(stop.value.__context__, OSError)


def test_what_the_system_or_nobody_handles_stays():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with stops_held():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_another_thread_may_hold():
    def hold():
        with stops_held():
            done.append("block")

    done = []
    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert done == ["block"]
