"""The command line, ``adla COMMAND`` or ``python -m adla COMMAND``; one file a command.

``commands`` has the table of them. A file in ``tools/`` calls the command of the same job.
"""

from .commands import main

__all__ = ["main"]
