"""Run commands with one line of progress, read from mmengine's log lines."""

import ctypes
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

QUIET_SECONDS = 8
_PR_SET_PDEATHSIG = 1  # of Linux; loaded here, since a process that has forked should load nothing
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_STEP = re.compile(r"Epoch\((train|val|test)\)\s+(?:\[(\d+)\])?\[\s*(\d+)/(\d+)\](.*)")


class Ticker:
    """Show that a command lives: a bar on a terminal, elsewhere a line every few seconds."""

    def __init__(self, console: Console, title: str) -> None:
        self._console, self._title = console, title
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(40),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[text]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(title, total=1.0, text="starting")
        self._start = self._last = time.monotonic()
        self._done, self._text = 0.0, "starting"

    def __enter__(self) -> "Ticker":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, done: float | None = None, text: str | None = None) -> None:
        """Show the share done, in [0, 1], and a few words; without arguments, signs of life."""
        self._done = self._done if done is None else done
        self._text = self._text if text is None else text
        self._bar.update(self._task, completed=self._done, text=self._text)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last >= QUIET_SECONDS:
            self._last, seconds = now, int(now - self._start)
            line = f"{self._title}: {self._done:4.0%}  {self._text}  ({seconds} s)"
            self._console.print(line, highlight=False, soft_wrap=True)


def read_step(line: str, max_epochs: int) -> tuple[float, str] | None:
    """Read mmengine's log line.

    Returns:
        The share done of all epochs, in [0, 1], and what to show; None for any other line.
        Validation counts as the end of its epoch, a test as a whole of its own.
    """
    match = _STEP.search(line)
    if match is None:
        return None
    mode, epoch, step, steps, rest = match.groups()
    share = int(step) / int(steps)
    if mode == "test":
        return share, f"image {step}/{steps}"
    if mode == "val":
        return int(epoch) / max_epochs, f"validating after epoch {epoch}: image {step}/{steps}"
    loss = re.search(r"  loss: ([\d.]+|nan|inf)", rest)
    text = f"epoch {epoch}/{max_epochs}" + (f", loss {loss[1]}" if loss else "")
    return (int(epoch) - 1 + share) / max_epochs, text


def end_with(parent: int) -> None:
    """Have the kernel send SIGTERM to this new process when its parent ends, killed or not.

    Args:
        parent: Number of the process that started it; it may have ended by now.
    """
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


def call(command: list[str], log: Path, cwd: Path, on_line: Callable[[str | None], None]) -> int:
    """Run a command, copy its output to a log file and show each line to `on_line`.

    Its OpenMP threads sleep when they wait: spinning ones almost halt a training on a busy machine.
    It ends when this process ends, however that happens.

    Args:
        command: The command.
        log: File that gets its output.
        cwd: Folder it runs in.
        on_line: Called with each line, and with None when a second went by without one.

    Returns:
        Its exit code.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=partial(end_with, os.getpid()),
        )
        lines: queue.Queue[str | None] = queue.Queue()
        output = process.stdout or ()

        def pump() -> None:
            for line in output:
                lines.put(line)
            lines.put(None)

        threading.Thread(target=pump, daemon=True).start()
        try:
            while True:
                try:
                    line = lines.get(timeout=1)
                except queue.Empty:
                    on_line(None)
                    continue
                if line is None:
                    break
                file.write(line)
                file.flush()
                on_line(line)
        except BaseException:
            process.terminate()
            raise
        finally:
            code = process.wait()
    return code


def execute(
    console: Console, cwd: Path, command: list[str], log: Path, title: str, epochs: int
) -> bool:
    """Run a command with a line of progress, its output in a file.

    Args:
        console: Where progress is shown.
        cwd: Folder it runs in.
        command: The command.
        log: File that gets its output.
        title: What is shown beside the progress.
        epochs: Epochs of the training; 1 for a test.

    Returns:
        Whether it succeeded; if not, the end of its output has been written to stderr.
    """
    with Ticker(console, title) as ticker:
        code = call(
            command, log, cwd, lambda line: ticker.update(*(read_step(line or "", epochs) or ()))
        )
        if code == 0:
            ticker.update(1.0, "done")
    if code:
        sys.stderr.write("".join(log.read_text().splitlines(keepends=True)[-25:]))
    return code == 0
