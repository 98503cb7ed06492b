"""Random damage to annotation files, the same on every machine."""

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from hypothesis import settings

# Things that a word of a text, or a value in json, may turn into.
WORDS = ("", "nan", "-inf", "1e999", "-1", "0", "1e3", "9" * 400, "1_0", "null", "x", '"', "<a>")
VALUES = (None, True, -1, 0, 1.5, 10**400, float("nan"), float("inf"), "x", "", [], {}, [1])


def thorough(examples: int) -> settings:
    """Hypothesis: the same examples on every machine, however slow it is."""
    return settings(max_examples=examples, derandomize=True, database=None, deadline=None)


def check_damages(number: int, damage: Callable, check: Callable[[bytes], None]) -> None:
    """Check a number of damages; the error says which one failed and what it was."""
    for seed in range(number):
        data = damage(random.Random(seed))
        try:
            check(data)
        except Exception as error:
            raise AssertionError(f"damage {seed}: {data!r}") from error


def result_or_message(convert: Callable[[], object], out: Path, name: str) -> bool:
    """Convert into a fresh folder and say whether there is a result.

    If there is none, there is one message that names the file, and no trace of a result.
    """
    shutil.rmtree(out, ignore_errors=True)
    try:
        convert()
    except ValueError as error:
        assert name in str(error)
        assert not out.exists()
        return False
    assert not [path for path in out.rglob("*") if path.suffix == ".tmp"]
    return True


def damage_text(text: str, rng: random.Random) -> bytes:
    """Replace a word, cut, repeat or overwrite a piece of a text, once or twice."""
    data = text.encode()
    for _ in range(rng.randint(1, 2)):
        start = rng.randint(0, len(data))
        stop = min(len(data), start + rng.randint(0, 12))
        kind = rng.choice(("word", "word", "word", "cut", "truncate", "repeat", "bytes"))
        if kind == "word":
            words = re.split(rb"([^\s<>\",:]+)", data)  # the odd ones are words
            words[rng.randrange(1, len(words), 2)] = rng.choice(WORDS).encode()
            data = b"".join(words)
        else:
            inserted = {"repeat": data[start:stop] * 2, "bytes": rng.randbytes(rng.randint(1, 4))}
            rest = b"" if kind == "truncate" else data[stop:]
            data = data[:start] + inserted.get(kind, b"") + rest
        if not re.search(rb"[^\s<>\",:]", data):
            break
    return data


def damage_json(content: dict, rng: random.Random) -> bytes:
    """Replace, remove or repeat a value in json once or twice, or damage its text."""
    if rng.random() < 0.2:
        return damage_text(json.dumps(content), rng)
    content = json.loads(json.dumps(content))
    for _ in range(rng.randint(1, 2)):
        parent, key = rng.choice(list(_places(content)))
        kind = rng.choice(("replace", "replace", "replace", "remove", "repeat"))
        if kind == "replace":
            parent[key] = json.loads(json.dumps(rng.choice(VALUES)))
        elif kind == "repeat" and isinstance(parent, list):
            parent.insert(key, parent[key])
        elif len(content) > 1:
            del parent[key]
    return json.dumps(content).encode()


def _places(node: dict | list) -> Iterator[tuple[dict | list, str | int]]:
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(value, (dict, list)):
            yield from _places(value)


def files_below(folder: Path) -> dict[str, bytes]:
    """Content of every file below a folder, links included, by its path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
