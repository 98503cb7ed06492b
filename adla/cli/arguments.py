"""Parsers of the commands."""

import argparse
from typing import Any


def command_parser(program: str, doc: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows a docstring.

    Args:
        program: The command, such as ``adla check``.
        doc: Docstring of its module: a sentence, then what the help ends with, an example.
    """
    about, _, rest = (doc or "").replace("``", "").partition("\n\n")
    return argparse.ArgumentParser(
        prog=program,
        description=about,
        epilog=rest.strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_config_options(parser: argparse.ArgumentParser, about: str) -> None:
    """Add mmengine's ``--cfg-options``, with a message where there is no value.

    Args:
        parser: The parser.
        about: What the options change.
    """
    from mmengine.config import DictAction

    class ConfigOptions(DictAction):
        """Reads ``KEY=VALUE ...``."""

        def __call__(
            self, parser: Any, namespace: Any, values: Any, option_string: str | None = None
        ) -> None:
            """Check that each has a value, and read them."""
            for value in values:
                if "=" not in value:
                    parser.error(f"{option_string} takes KEY=VALUE, but got {value!r}")
            super().__call__(parser, namespace, values, option_string)

    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=ConfigOptions,
        default={},
        metavar="KEY=VALUE",
        help=about,
    )
