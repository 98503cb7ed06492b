"""Say what adla runs on: versions, family, devices, mmcv's ops; one page for a bug report.

Example: ``adla env``
"""

from collections.abc import Sequence

from adla import env

from .arguments import command_parser


def main(words: Sequence[str]) -> int:
    """Write the report."""
    command_parser("adla env", __doc__).parse_args(words)
    env.main()
    return 0
