"""What all steps share in their processes: arguments, time left, a record that is kept on disk."""

from __future__ import annotations

import argparse
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

from . import START
from .records import LATE, SKIPPED, Record

T = TypeVar("T")


class Job:
    """One step in its process.

    Args:
        extra: Adds arguments of the step to the parser.

    Attributes:
        args: The command line.
        device: 'cpu', 'cuda' or 'cuda:N', which is the current one.
        small: Whether everything is to be small, as on a CPU.
        record: The result; `row` and `note` add to it.
    """

    def __init__(self, extra: Callable[[argparse.ArgumentParser], object] | None = None) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--name", required=True)
        parser.add_argument("--title", required=True)
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument("--seconds", type=float, required=True)
        parser.add_argument("--device", required=True)
        parser.add_argument("--sirst-v2", type=Path, required=True)
        parser.add_argument("--hit-uav", type=Path, required=True)
        if extra:
            extra(parser)
        self.args = parser.parse_args()
        self.device: str = self.args.device
        self.small = self.device == "cpu"
        if is_there(self.device):
            torch.cuda.set_device(self.device)
        self.record = Record(self.args.name, self.args.title, describe(self.device))
        self.save()

    def left(self) -> float:
        """Return the seconds until the step should have ended."""
        return self.args.seconds - (time.monotonic() - START)

    def row(self, **values: Any) -> None:
        """Add a line to the table."""
        self.record.rows.append(values)
        self.save()

    def note(self, text: str) -> None:
        """Add a sentence, once."""
        if text not in self.record.notes:
            self.record.notes.append(text)
            self.save()

    def say(self, text: str) -> None:
        """Set the sentence that sums the step up."""
        self.record.says = text
        self.save()

    def late(self, text: str) -> None:
        """Say where the time was over."""
        self.record.state = LATE
        self.note(text)

    def skip(self, why: str) -> None:
        """Say why nothing is measured."""
        self.record.state = SKIPPED
        self.say(why)

    def save(self) -> None:
        """Write what there is."""
        self.record.save(self.args.out)

    def attempt(self, what: str, call: Callable[[], T]) -> T | str:
        """Return what a call returns, or in a few words why it returns nothing.

        Being out of memory is a result; any other error makes the step one that failed, with its
        traceback in the record. A device that no longer answers ends the process.

        Args:
            what: What is tried, for the record.
            call: The call.
        """
        try:
            return call()
        except torch.cuda.OutOfMemoryError:
            reason = "out of memory"
        except Exception as error:
            self.record.errors.append(f"{what}\n{traceback.format_exc()}")
            self.save()
            reason = f"{type(error).__name__}: {first_line(error)}"
        if self.device != "cpu":
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
        return reason


def is_there(device: str) -> bool:
    """Tell whether a device is a GPU that this machine has."""
    return device != "cpu" and (torch.device(device).index or 0) < torch.cuda.device_count()


def describe(device: str) -> str:
    """Name a device and torch's version."""
    name = f"{device}, {torch.cuda.get_device_name(device)}" if is_there(device) else device
    return f"{name}, torch {torch.__version__}"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    return (str(error).splitlines() or [""])[0]
