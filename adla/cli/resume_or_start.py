"""What ``adla train --resume`` does in a work folder that has nothing to resume from."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn


class _Parser(argparse.ArgumentParser):
    """Leaves it to mmdet's own parser to say what is wrong."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def start_from_load_from(words: Sequence[str]) -> list[str]:
    """Leave out ``--resume`` where a training has not begun and its config names ``load_from``.

    mmdet's script forgets ``load_from`` when it is asked to resume, so the first call of a command
    with ``--resume`` would start from random weights.

    Args:
        words: Arguments of mmdet's ``tools/train.py``.

    Returns:
        The arguments to give to it.
    """
    from mmengine.config import DictAction

    from adla.config_file import load_config
    from adla.engine.resume import find_sound_checkpoint

    words = list(words)
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("config")
    parser.add_argument("--resume", nargs="?", const="auto")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction)
    for flag in ("--work-dir", "--launcher", "--local_rank", "--local-rank"):
        parser.add_argument(flag)
    try:
        args = parser.parse_known_args(words)[0]
        if args.resume != "auto":
            return words
        cfg = load_config(args.config, args.cfg_options, import_modules=False)
    except (ValueError, OSError):
        return words
    default = f"work_dirs/{Path(args.config).stem}"
    work_dir = args.work_dir or cfg.get("work_dir") or default
    if cfg.get("load_from") and find_sound_checkpoint(work_dir) is None:
        print(f"{work_dir} has no checkpoint to resume from: starting from {cfg.load_from}")
        first = next(i for i, word in enumerate(words) if word.partition("=")[0] == "--resume")
        given = words[first] == "--resume" and words[first + 1 : first + 2] == ["auto"]
        del words[first : first + 1 + given]
    return words
