"""A file that another process holds."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CODE = """
import sys
from adla.folder_lock import lock_file
file = lock_file(sys.argv[1])
print("held", flush=True)
input()
"""


@contextmanager
def held_elsewhere(path: Path) -> Iterator[None]:
    """Hold a file in a process of its own."""
    command = [sys.executable, "-c", CODE, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield
        process.kill()
