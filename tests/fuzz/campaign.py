"""Run damaged files through a reader and say what came of each."""

import contextlib
import io
import shutil
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from .readers import Reader


@dataclass
class Tally:
    """What came of the cases of one reader.

    Attributes:
        read: Cases with a result.
        refused: Cases with one message.
        wrong: What must not be -> the number of cases and the first content.
    """

    read: int = 0
    refused: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    examples: dict[str, bytes] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        """All cases."""
        return self.read + self.refused + self.wrong.total()


def run(reader: Reader, folder: Path, cases: int, start: int | None = None) -> Tally:
    """Run some cases.

    Args:
        reader: The reader.
        folder: A folder that is not there yet.
        cases: How many.
        start: Seed; None for the same cases as long as no constant of the code changes.
    """
    folder.mkdir(parents=True)
    reader.prepare(folder)
    tally, before = Tally(), _names(folder)

    def case(content: bytes) -> None:
        fault = _try(reader, folder, content, before, tally)
        if fault:
            tally.wrong[fault] += 1
            tally.examples.setdefault(fault, content)

    chosen = settings(
        max_examples=cases, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), derandomize=start is None,
    )  # fmt: skip
    test = chosen(given(reader.contents)(case))
    (test if start is None else seed(start)(test))()
    return tally


def _try(reader: Reader, folder: Path, content: bytes, before: set[str], tally: Tally) -> str:
    """Read one content; return what is wrong with what came of it, '' if nothing."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    (folder / reader.file).write_bytes(content)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read(folder)
    except (ValueError, OSError) as error:  # what the commands print as one line
        left = _names(folder) - before - {reader.file}
        if left:
            return f"left {sorted(left)[0]} behind"
        file = folder / reader.file
        named = [file.name] + [str(file.parent)] * (file.parent != folder)
        if reader.is_named and not any(name in str(error) for name in named):
            return f"a message without the name of the file: {str(error)[:80]}"
        if str(error).rstrip().endswith(":") or not str(error):
            return f"a message without a reason: {str(error)[:80]}"
        tally.refused += 1
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
    else:
        drafts = [name for name in _names(folder) if name.endswith(".tmp")]
        if drafts:
            return f"left {drafts[0]} behind"
        tally.read += 1
    return ""


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
