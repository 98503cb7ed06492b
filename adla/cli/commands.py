"""The commands of ``adla``, each imported when it is called."""

import difflib
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import NamedTuple

from adla.stop_signals import is_stop, stops_heeded
from adla.version import __version__


class Command(NamedTuple):
    """A command.

    Attributes:
        module: Module with a function ``main`` that takes its words and returns the exit code.
        about: What it does, in a few words.
    """

    module: str
    about: str


COMMANDS = {
    "train": Command("adla.cli.train", "train a detector, with mmdet's flags"),
    "test": Command("adla.cli.test", "test a detector, with mmdet's flags"),
    "table": Command("adla.cli.table", "run the tables of the papers, ours beside theirs"),
    "check": Command("adla.cli.check", "check the data sets of a config before training"),
    "eval": Command("adla.cli.eval", "evaluate COCO detections by the AI-TOD protocol"),
    "predict": Command("adla.cli.predict", "detect in images and in scenes of any size"),
    "convert": Command("adla.cli.convert", "convert a data set, or weights of another project"),
    "export": Command(
        "adla.cli.export", "export a detector to ONNX, or its weights as a small file"
    ),
    "demo": Command("adla.cli.demo", "train a baseline and ADLA on generated scenes, compare"),
    "env": Command("adla.cli.env", "what adla runs on, one page for a bug report"),
}
ABOUT = "Tiny object detection for MMDetection 3.x."


def main(*words: str) -> None:
    """Run a command and exit with its code.

    Args:
        words: Come before those of the command line; a script in ``tools/`` names its command.
    """
    sys.exit(run([*words, *sys.argv[1:]]))


def run(words: Sequence[str]) -> int:
    """Run a command and return its exit code: 0 done, 1 something failed, 2 it cannot be done.

    Args:
        words: What comes after ``adla`` on the command line.
    """
    if list(words) == ["--version"]:
        print(f"adla {__version__}")
        return 0
    return dispatch("adla", ABOUT, COMMANDS, words)


def dispatch(
    program: str, about: str, commands: Mapping[str, Command], words: Sequence[str]
) -> int:
    """Call the command that the first word names.

    Args:
        program: What comes before that word on the command line.
        about: What the commands are for, a sentence.
        commands: The commands by name.
        words: The name, and what comes after it.
    """
    if not words or words[0] in ("-h", "--help"):
        width = max(map(len, commands))
        print(f"usage: {program} COMMAND ...\n\n{about}\n\ncommands:")
        for name, command in commands.items():
            print(f"  {name.ljust(width)}  {command.about}")
        print(f"\n{program} COMMAND -h explains a command, with an example.")
        return 0 if words else 2
    name, *rest = words
    if name not in commands:
        near = difflib.get_close_matches(name, commands, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(commands)}"
        print(f"{program}: there is no {name!r}: {hint}", file=sys.stderr)
        return 2
    return import_module(commands[name].module).main(rest)


@contextmanager
def one_line_errors(
    program: str, resumes: bool = False, hint: Callable[[str], str] = lambda message: ""
) -> Iterator[None]:
    """End with one line on stderr for what a user can mend, exit code 2, and for Ctrl-C, 1.

    Args:
        program: The command, which the line begins with.
        resumes: Whether the command goes on where it was when it is called again. Then the end
            from outside (SIGTERM) is taken as Ctrl-C, which ends what it has started too.
        hint: Says how to mend it, from the message; '' where it does not know.
    """
    try:
        with stops_heeded() if resumes else nullcontext():
            yield
    except BaseException as error:
        if is_stop(error):
            again = "; call it again and it goes on where it was" if resumes else ""
            print(f"{program}: interrupted{again}", file=sys.stderr)
            sys.exit(1)
        if not isinstance(error, (ValueError, OSError, ImportError)):
            raise
        message = re.sub("^adla:? ", "", str(error))
        print(f"{program}: {message}{hint(message)}", file=sys.stderr)
        sys.exit(2)
