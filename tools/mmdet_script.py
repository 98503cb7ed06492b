"""Run a script that comes with the installed mmdet, with adla importable and clear errors."""

import difflib
import importlib.util
import os
import runpy
import sys
from pathlib import Path
from pickle import UnpicklingError

ROOT = Path(__file__).resolve().parents[1]
CONVERTERS = {
    "data/scenes": "python tools/make_scenes.py makes it",
    "data/sirst-v2": "python tools/dataset_converters/sirst_v2.py SRC data/sirst-v2 makes it "
    "if all its images are there",
    "data/aitod": "python tools/dataset_converters/aitod.py DOWNLOAD data/aitod makes it",
    "data/levir-ship": "python tools/dataset_converters/levir_ship.py SRC data/levir-ship makes it",
}


def suggest(message: str) -> str:
    """Say how to mend a missing file, from the error that names it; '' where nothing is known."""
    for folder, hint in CONVERTERS.items():
        if folder in message:
            return f": {hint}"
    names = [part.strip("'\"") for part in message.split() if ".py" in part]
    configs = {path.name: path for path in sorted((ROOT / "configs").rglob("*.py"))}
    for name in names:
        close = difflib.get_close_matches(Path(name).name, configs, n=1)
        if close:
            return f": did you mean {configs[close[0]].relative_to(ROOT)}?"
    return ""


def join_cpu_processes() -> None:
    """Join the processes that torchrun started where there is no GPU.

    mmengine's launcher takes a CUDA device for granted, but leaves a group alone that exists. The
    config needs ``model_wrapper_cfg=dict(type='MMDistributedDataParallel', device_ids=None)``.
    """
    import torch

    if "pytorch" in sys.argv and "RANK" in os.environ and not torch.cuda.is_available():
        torch.distributed.init_process_group("gloo")


def let_amp_run_anywhere() -> None:
    """Make mmdet's ``--amp`` mean adla's wrapper: on CPUs too, with losses in fp32."""
    from mmdet.registry import OPTIM_WRAPPERS

    from adla.engine import MixedPrecisionOptimWrapper

    # In mmdet's registry, which is asked before mmengine's.
    OPTIM_WRAPPERS.register_module(name="AmpOptimWrapper", module=MixedPrecisionOptimWrapper)


def run(name: str) -> None:
    """Run mmdet's ``tools/NAME`` with this process's arguments.

    Args:
        name: File name of the script, such as 'train.py'.
    """
    if importlib.util.find_spec("adla") is None:
        sys.path.insert(0, str(ROOT))
    try:
        import mmdet

        import adla  # noqa: F401  registers the components, or says what is missing
        from adla.compat.checkpoints import explain_refusal
    except ImportError as error:
        sys.exit(str(error))
    join_cpu_processes()
    let_amp_run_anywhere()
    script = Path(mmdet.__file__).parent / ".mim" / "tools" / name
    try:
        runpy.run_path(str(script), run_name="__main__")
    except FileNotFoundError as error:
        message = str(error).strip().splitlines()[-1]
        sys.exit(f"adla: {message}{suggest(message)}")
    except UnpicklingError as error:
        sys.exit(f"adla: {explain_refusal(error)}")
