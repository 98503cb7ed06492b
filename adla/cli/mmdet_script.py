"""Run a script that comes with the installed mmdet, with adla's components and clear errors."""

import difflib
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError

from adla.installed_files import find_root
from adla.stop_signals import is_stop, stops_heeded

from .convert import CONVERTERS
from .launchers import find_launcher, join_cpu_processes, leave_processes
from .mmdet_imports import import_mmdet
from .resume_or_start import start_from_load_from
from .training_errors import explain

#: Adds the check of checkpoints to any config. The whole path is there because the config is saved
#: with it, and may then be run without adla's commands.
CHECKPOINT_CHECK = (
    "--cfg-options",
    "default_hooks.checkpoint_check.type=adla.engine.hooks.CheckpointCheckHook",
)


def suggest(message: str) -> str:
    """Say how to mend a missing file, from the error that names it; '' where nothing is known."""
    if "data/scenes" in message:
        return ": tools/make_scenes.py data/scenes makes it, and so does adla demo"
    for name in CONVERTERS:
        if f"data/{name}/" in message:
            return f": adla convert {name} SOURCE data/{name} makes it"
    names = [part.strip("'\"") for part in message.split() if ".py" in part]
    configs = {path.name: path for path in sorted((find_root() / "configs").rglob("*.py"))}
    for name in names:
        close = difflib.get_close_matches(Path(name).name, configs, n=1)
        if close:
            return f": did you mean {shorten(configs[close[0]])}?"
    return ""


def shorten(path: Path) -> Path:
    """Return a path from the current folder on, where it lies below that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def let_amp_run_anywhere() -> None:
    """Make mmdet's ``--amp`` mean adla's wrapper: on CPUs too, with losses in fp32."""
    from mmdet.registry import OPTIM_WRAPPERS

    from adla.engine import MixedPrecisionOptimWrapper

    # In mmdet's registry, which is asked before mmengine's.
    OPTIM_WRAPPERS.register_module(name="AmpOptimWrapper", module=MixedPrecisionOptimWrapper)


def keep_checkpoints_sound() -> None:
    """Write checkpoints that a kill cannot damage, and resume from a sound one."""
    from mmdet.registry import HOOKS
    from mmengine.runner import runner

    from adla.engine import AtomicCheckpointHook
    from adla.engine.resume import find_sound_checkpoint

    HOOKS.register_module(name="CheckpointHook", module=AtomicCheckpointHook)
    runner.find_latest_checkpoint = find_sound_checkpoint


def run(name: str, words: Sequence[str], doc: str | None) -> int:
    """Run mmdet's ``tools/NAME``.

    Args:
        name: File name of the script, such as 'train.py'.
        words: Its arguments.
        doc: Shown before the help of the script.
    """
    try:
        with stops_heeded():  # SIGTERM too, so that no draft of a file is left
            _run(name, words, doc)
    except BaseException as error:
        if not is_stop(error):
            raise
        sys.exit(f"adla: stopped{_say_how_to_go_on(name)}")
    return 0


def _run(name: str, words: Sequence[str], doc: str | None) -> None:
    """Run the script; errors that are known end in one line."""
    try:
        import_mmdet()
    except ImportError as error:
        sys.exit(str(error))
    import mmdet

    from adla.compat.checkpoints import CheckpointError, explain_refusal

    join_cpu_processes(find_launcher(words))
    let_amp_run_anywhere()
    keep_checkpoints_sound()
    if name == "train.py":
        words = start_from_load_from(words)
    script = str(Path(mmdet.__file__).parent / ".mim" / "tools" / name)
    if "-h" in words or "--help" in words:
        print((doc or "").replace("``", ""))
    sys.argv = [f"adla {name.removesuffix('.py')}", *words, *CHECKPOINT_CHECK]
    try:
        runpy.run_path(script, run_name="__main__")
        leave_processes()
    except FileNotFoundError as error:
        message = str(error).strip().splitlines()[-1]
        sys.exit(f"adla: {message}{suggest(message)}")
    except UnpicklingError as error:
        sys.exit(f"adla: {explain_refusal(error)}")
    except CheckpointError as error:
        message, reason = str(error), explain(error)
        sys.exit(f"adla: {message}" if reason in message else f"adla: {message}; {reason}")
    except (RuntimeError, ValueError, TypeError, OSError) as error:
        reason = explain(error)
        if not reason:
            raise
        sys.exit(f"adla: {reason}{_say_how_to_go_on(name) if isinstance(error, OSError) else ''}")


def _say_how_to_go_on(name: str) -> str:
    """Return what ends a message about a script that was stopped from outside."""
    return "; with --resume it goes on from its last checkpoint" if name == "train.py" else ""
