"""Run the steps one after another, each in a process that is ended when its time is over."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from . import START, records
from .plan import Step, time_limit
from .records import Record

TOOLS = Path(__file__).resolve().parents[1]
#: Seconds before its end at which a step is told to stop by itself.
GRACE = 3.0
#: Seconds that a process gets to end after SIGTERM.
FAREWELL = 1.0
#: Lines of a log that a record shows of a failure.
TAIL = 60


def run_steps(steps: Sequence[Step], seconds: float, out: Path, flags: Sequence[str]) -> int:
    """Run the steps within some seconds.

    Args:
        steps: The steps, in order.
        seconds: Seconds from the start of this process to its end.
        out: Folder for the results; records of an earlier run of the same steps are replaced.
        flags: Arguments of all steps.

    Returns:
        1 if a step failed or there is no device, else 0.
    """
    out.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # and so the steps
    done: list[Record] = []
    for index, step in enumerate(steps):
        left = seconds - (time.monotonic() - START)
        hopeless = bool(done) and done[0].state == records.NO_DEVICE
        limit = 0.0 if hopeless else time_limit(steps[index:], left)
        if limit:
            record = run_step(step, limit, out, flags)
        else:
            why = (
                "no device" if hopeless else f"{left:.0f} s left, it takes at least {step.least} s"
            )
            record = Record(step.name, step.title, state=records.SKIPPED, says=why)
            record.save(out)
        done.append(record)
        records.write(out / "summary.md", records.summary(done))
        print(f"{step.name:<12} {record.state:<12} {record.says}", flush=True)
    print(f"{out / 'summary.md'}", flush=True)
    return int(any(record.state in (records.FAILED, records.NO_DEVICE) for record in done))


def run_step(step: Step, limit: float, out: Path, flags: Sequence[str]) -> Record:
    """Run one step and return its record, which is on disk in any case."""
    for ending in ("json", "md", "log"):
        (out / f"{step.name}.{ending}").unlink(missing_ok=True)
    command = [sys.executable, "-m", f"{__package__}.{step.module}", "--name", step.name]
    command += ["--title", step.title, "--out", str(out), "--seconds", f"{limit - GRACE:.1f}"]
    start = time.monotonic()
    log = out / f"{step.name}.log"
    code = call([*command, *flags, *step.flags], log, limit)
    record = records.load(out, step.name) or Record(step.name, step.title)
    record.seconds = round(time.monotonic() - start, 1)
    if code is None:
        record.state = records.LATE
        record.says = record.says or f"ended after {limit:.0f} s"
    elif code:
        record.state = records.FAILED
        how = f"exit code {code}" if code > 0 else f"ended by {signal.Signals(-code).name}"
        record.notes.append(how)
        if text := failure(log):
            record.errors.append(text)
        record.says = (text.strip().splitlines() or [how])[-1]
    elif record.errors:
        record.state = records.FAILED
    elif record.state == "running":
        record.state = records.DONE
    record.save(out)
    return record


def call(command: Sequence[str], log: Path, limit: float) -> int | None:
    """Run a command with its output in a file.

    It and the processes that it started are gone when this returns.

    Returns:
        Its exit code, negative for a signal; None if its time was over.
    """
    with log.open("w") as file:
        process = subprocess.Popen(
            command,
            env=environment(command),
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(limit - FAREWELL)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(FAREWELL)
            return None
        finally:
            _signal(process, signal.SIGKILL)
            process.wait()


def environment(command: Sequence[str]) -> dict[str, str]:
    """Return the environment of a step: adla and tools/ on the path, no GPU for the CPU."""
    paths = [TOOLS.parent, TOOLS, TOOLS / "benchmark", os.environ.get("PYTHONPATH")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(path) for path in paths if path)}
    if "cpu" in command:
        env["CUDA_VISIBLE_DEVICES"] = ""
    return env


def failure(log: Path) -> str:
    """Return the last traceback of a log, or its last lines if there is none."""
    lines = log.read_text(errors="replace").splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("Traceback (most recent")]
    return "\n".join(lines[starts[-1] if starts else 0 :][-TAIL:])


def _signal(process: subprocess.Popen, number: int) -> None:
    """Signal a process and those that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
