"""Which code is running: the commit of a checkout, or the release."""

import subprocess
from pathlib import Path

from adla.version import __version__


def code_version(root: Path) -> str:
    """Return the commit of the checkout in a folder, or the release where there is none.

    Args:
        root: What holds `configs/` and `tools/`.

    Returns:
        Seven or more digits, followed by '+' where tracked files have been changed since, or
        'adla 0.2.0'.
    """
    git = ["git", "-C", str(root), "describe", "--always", "--exclude=*", "--dirty=+"]
    try:
        is_checkout = (root / ".git").exists()
        done = (
            subprocess.run(git, capture_output=True, text=True, check=True) if is_checkout else None
        )
    except (OSError, subprocess.CalledProcessError):  # no git, or not our repository
        done = None
    return done.stdout.strip() if done else f"adla {__version__}"
