"""Step b: ``pytest -m gpu``, of the files that have such tests."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from .device import missing_packages
from .step import Job

ROOT = Path(__file__).resolve().parents[2]
_RESULT = re.compile(r"^(\S+?\.py)::\S.* (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b")
_REASON = re.compile(r"^(?:FAILED|ERROR) (\S+\.py\S*.*)$")


def find_files(folder: Path) -> list[Path]:
    """Return the test files that have a test marked gpu."""
    files = sorted(folder.rglob("test_*.py"))
    return [file for file in files if "mark.gpu" in file.read_text(encoding="utf-8")]


def count(lines: list[str]) -> dict[str, Counter[str]]:
    """Return how often each outcome is in pytest's verbose output, by file."""
    counts: dict[str, Counter[str]] = {}
    for line in lines:
        if match := _RESULT.match(line):
            counts.setdefault(match[1], Counter())[match[2].lower()] += 1
    return counts


def reasons(lines: list[str]) -> list[str]:
    """Return the failures that pytest's summary lists, a line each."""
    return [match[1] for line in lines if (match := _REASON.match(line))]


def main() -> None:
    """Run them, and count the outcomes also when the time was over."""
    job = Job()
    files = [str(file.relative_to(ROOT)) for file in find_files(ROOT / "tests")]
    if not files:
        job.say("no tests here: they are in a clone of the repository")
        return
    if "hypothesis" in missing_packages():
        job.note("missing: hypothesis, without which some of the files do not load")
    command = [sys.executable, "-m", "pytest", "-v", "-m", "gpu", "-rfE", "--tb=short"]
    command += ["-p", "no:cacheprovider", "--continue-on-collection-errors", *files]
    log = job.args.out / f"{job.args.name}.pytest.txt"
    with log.open("w") as file:
        try:
            code = subprocess.run(
                command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, timeout=job.left()
            ).returncode
        except subprocess.TimeoutExpired:
            code = None
    lines = log.read_text(errors="replace").splitlines()
    for name, outcomes in count(lines).items():
        job.row(
            file=name, **{key: outcomes[key] for key in ("passed", "failed", "error", "skipped")}
        )
    failed = reasons(lines)
    job.record.errors += failed
    total = sum(count(lines).values(), Counter())
    job.say(", ".join(f"{n} {outcome}" for outcome, n in total.items()))
    if code is None:
        job.late("the time ended before all tests were run")
    if code not in (0, 1, None) and not failed:
        job.record.errors.append("\n".join(lines[-20:]))
        job.save()


if __name__ == "__main__":
    main()
