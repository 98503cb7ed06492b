"""Run a long command with its output in a log file and one line that shows it is alive."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from checks import SetupError

_OBJECTS = re.compile(r"\[(\d+)/(\d+)\] ")


def count_objects(log_tail: str) -> str:
    """Say how many object files ninja has built, from its ``[built/all]`` lines."""
    counts = _OBJECTS.findall(log_tail)
    return f"{counts[-1][0]} of {counts[-1][1]} files compiled" if counts else "starting"


def last_line(log_tail: str) -> str:
    """Show the last line of a log, cut to fit one terminal line."""
    lines = log_tail.split("\n")
    full = [line.strip() for line in lines if line.strip()]
    return full[-1][:60] if full else "starting"


def run_logged(
    title: str,
    command: list[str],
    log: Path,
    describe: Callable[[str], str] = last_line,
    env: dict[str, str] | None = None,
) -> None:
    """Run a command; on a terminal one line is kept up to date, elsewhere one comes each 30 s.

    Args:
        title: What the line starts with.
        command: The command and its arguments.
        log: File that gets all output, appended.
        describe: Turns the end of the log into some words about the progress.
        env: Variables to add to the environment.

    Raises:
        SetupError: The command failed; the message names the log and shows its last lines.
    """
    start = time.monotonic()
    with log.open("ab") as stream:
        # A group of its own, so that nothing the command started outlives the set-up.
        process = subprocess.Popen(
            command,
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        try:
            _watch(process, title, log, describe, start)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
    if process.returncode:
        tail = "\n".join(_read_tail(log).splitlines()[-8:])
        raise SetupError(f"{title} failed with status {process.returncode}; see {log}\n{tail}")


def _watch(
    process: subprocess.Popen[bytes],
    title: str,
    log: Path,
    describe: Callable[[str], str],
    start: float,
) -> None:
    live = sys.stdout.isatty()
    shown = start
    while True:
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            pass
        now = time.monotonic()
        ended = process.poll() is not None
        if ended or live or now - shown >= 30:
            words = "done" if process.poll() == 0 else describe(_read_tail(log))
            minutes, seconds = divmod(int(now - start), 60)
            text = f"{title}: {minutes}:{seconds:02d}, {words}"
            print(f"\r\033[K{text}" if live else text, end="" if live and not ended else "\n")
            sys.stdout.flush()
            shown = now
        if ended:
            return


def _read_tail(log: Path, size: int = 65536) -> str:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - size))
        return stream.read().decode(errors="replace")
