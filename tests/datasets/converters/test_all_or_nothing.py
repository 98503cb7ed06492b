"""A converter leaves its whole result; where it fails or is interrupted, what was there before."""

import errno
import json
import os
import shutil
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from PIL import Image

from adla.datasets.converters import (
    convert_hit_uav,
    convert_levir_ship,
    convert_sen2ships,
    convert_sirst_v2,
    convert_visdrone,
    prepare_aitod,
)

from ..conftest import write_toy
from .aerial import write_hit_uav, write_sen2ships, write_visdrone
from .aitod import write_aitod
from .levir import write_yolo


def write_levir(root):
    return write_yolo(root, {"train": {"a": [(1, 1, 5, 5)]}, "test": {"b": []}})


def write_spread_aitod(root):
    """The images of trainval lie in two folders."""
    write_aitod(root)
    (root / "trainval").mkdir()
    (root / "images" / "trainval" / "02029.png").rename(root / "trainval" / "02029.png")
    return root


# Source, converter, options, the last of its json files; whether it may be called twice.
AITOD = (prepare_aitod, {"any_count": True}, "annotations/aitod_test_v1.json", True)
CASES = {
    "aitod": (write_aitod, *AITOD),
    "aitod, images of two folders": (write_spread_aitod, *AITOD),
    "hit-uav": (write_hit_uav, convert_hit_uav, {}, "val.json", True),
    "hit-uav --scale": (write_hit_uav, convert_hit_uav, {"scale": 0.5}, "val.json", False),
    "levir-ship": (write_levir, convert_levir_ship, {}, "annotations/test.json", True),
    "sen2ships": (write_sen2ships, convert_sen2ships, {"tile": 64}, "val.json", False),
    "sirst-v2": (write_toy, convert_sirst_v2, {}, "annotations/val.json", True),
    "visdrone": (write_visdrone, convert_visdrone, {}, "annotations/val.json", True),
}
CASES |= {
    f"{name} --copy": (write, convert, options | {"copy": True}, *rest)
    for name, (write, convert, options, *rest) in CASES.items()
    if rest[-1]
}
STEPS = [
    (Path, "write_text"),
    (Path, "mkdir"),
    (Path, "symlink_to"),
    (Image.Image, "save"),
    (shutil, "copyfile"),
    (os, "link"),
    (os, "replace"),
]


@pytest.fixture(params=CASES)
def case(request, tmp_path):
    write, convert, options, name, again = CASES[request.param]
    source = write(tmp_path / "src")
    return partial(convert, source, progress=False, **options), name, again


def contents(folder):
    """Every file, link and folder below a folder, and the folder itself."""
    paths = [folder, *folder.rglob("*")] if folder.exists() else []
    return {
        str(path.relative_to(folder)): os.readlink(path)
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else None
        for path in paths
    }


def write_before(convert, again, out, name, before):
    """Fill the target folder with what a user may have there."""
    if before == "other files":
        (out / name).parent.mkdir(parents=True)
        (out / name).write_text("old")
        (out / "notes.txt").write_text("mine")
    if before == "a result" and not again:
        pytest.skip("it refuses a result that is there")
    if before == "a result":
        convert(out)
        for path in out.rglob("*"):
            if path.is_file() and not path.is_symlink():
                path.write_text("old")
    return contents(out)


def fail_at(patch, number, error, after):
    """Let the step of a number raise an error, before or after it is done."""
    steps = count()

    def wrap(step):
        def call(*args, **kwargs):
            fails = next(steps) == number
            if fails and not after:
                raise error
            result = step(*args, **kwargs)
            if fails:
                raise error
            return result

        return call

    for owner, name in STEPS:
        patch.setattr(owner, name, wrap(getattr(owner, name)))


@pytest.mark.parametrize("before", ["nothing", "other files", "a result"])
@pytest.mark.parametrize("after", [False, True], ids=["full disk", "interrupt"])
def test_each_step_may_fail(case, tmp_path, monkeypatch, before, after):
    convert, name, again = case
    error = KeyboardInterrupt() if after else OSError(errno.ENOSPC, "No space left on device")
    write_before(convert, again, tmp_path / "whole", name, before)
    convert(tmp_path / "whole")
    source, whole, out = contents(tmp_path / "src"), contents(tmp_path / "whole"), tmp_path / "out"
    state = write_before(convert, again, out, name, before)
    for number in count():
        try:
            with monkeypatch.context() as patch:
                fail_at(patch, number, error, after)
                convert(out)
        except type(error):
            found = contents(out)
            if found == whole and after:  # interrupted at the end
                shutil.rmtree(out)
                write_before(convert, again, out, name, before)
            else:
                assert found == state, f"step {number}"
        else:
            break
    assert number >= 3 and contents(out) == whole and contents(tmp_path / "src") == source
    assert json.loads((out / name).read_text())["images"]


def test_a_folder_in_the_place_of_a_json_file(case, tmp_path):
    convert, name, _ = case
    (tmp_path / "out" / name).mkdir(parents=True)
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match="json is there and is a folder: remove it"):
        convert(tmp_path / "out")
    assert contents(tmp_path) == before


def test_a_command_says_so_in_one_line(tmp_path, adla_command):
    source, folder = write_hit_uav(tmp_path / "src"), tmp_path / "out" / "train.json"
    folder.mkdir(parents=True)
    code, _, err = adla_command("convert", "hit-uav", source, tmp_path / "out", "--scale", "0.5")
    assert code == 2
    assert err == f"adla convert hit-uav: {folder} is there and is a folder: remove it\n"
    assert list((tmp_path / "out").iterdir()) == [folder]
