import os
import subprocess
import sys
import zipfile
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import CheckpointLoader

from adla.compat.checkpoints import CheckpointError, explain_refusal, get_statistic
from adla.compat.prepare import prepare_stack
from adla.zoo import find_model, list_models
from tests.engine.conftest import scenes  # noqa: F401
from tests.engine.training import tiny_config

ROOT = Path(__file__).resolve().parents[2]


class Evil:
    """A pickle that writes a file when it is loaded without care."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.fixture(autouse=True)
def prepared():
    prepare_stack()


@pytest.fixture
def training_state(tmp_path):
    """A checkpoint with the logged history, as mmengine saves it."""
    hub = MessageHub("of the test of checkpoints")
    for value in (3.0, 1.0, 2.0):
        hub.update_scalar("train/loss", value)
    hub.update_info("eta", np.float64(1.5))
    hub.update_info("flags", np.array([True, False]))
    path = tmp_path / "state.pth"
    torch.save({"state_dict": {"weight": torch.ones(2)}, "message_hub": hub.state_dict()}, path)
    return path


def check_state(path):
    state = CheckpointLoader.load_checkpoint(str(path), map_location="cpu")
    history = state["message_hub"]["log_scalars"]["train/loss"]
    assert history.data[0].tolist() == [3.0, 1.0, 2.0]
    assert history.statistics("min") == 1.0 and history.current() == 2.0
    assert state["message_hub"]["runtime_info"]["eta"] == 1.5
    assert state["state_dict"]["weight"].tolist() == [1.0, 1.0]


def test_the_state_of_a_training_is_loaded(training_state):
    check_state(training_state)


def test_the_state_of_a_training_with_another_numpy_is_loaded(training_state, tmp_path):
    present = np.empty(0).__reduce__()[0].__module__.encode()
    other = b"numpy.core.multiarray"
    if present == other:
        other = b"numpy._core.multiarray"
    path = tmp_path / "other.pth"
    with zipfile.ZipFile(training_state) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(present, other))
    assert other in path.read_bytes() and present not in path.read_bytes()
    check_state(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_with_code_is_refused_and_not_run(tmp_path, zipped):
    state = {"state_dict": {}, "message_hub": Evil(tmp_path / "harm")}
    torch.save(state, tmp_path / "evil.pth", _use_new_zipfile_serialization=zipped)
    message = r"evil\.pth is no .*: the checkpoint holds posix\.system, which could run code"
    with pytest.raises(CheckpointError, match=message):
        CheckpointLoader.load_checkpoint(str(tmp_path / "evil.pth"), map_location="cpu")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", ""), (b"no weights", "damaged"), (b"PK\x03\x04 cut", "zip archive")],
)
def test_what_is_no_checkpoint_is_one_message(tmp_path, content, reason):
    (tmp_path / "bad.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"bad\.pth is no readable checkpoint: .*{reason}"):
        CheckpointLoader.load_checkpoint(str(tmp_path / "bad.pth"), map_location="cpu")
    with pytest.raises(FileNotFoundError, match=r"no such checkpoint: none\.pth"):
        CheckpointLoader.load_checkpoint("none.pth", map_location="cpu")


@pytest.mark.parametrize("content", [[1], torch.ones(2), "weights", None])
def test_a_checkpoint_without_names_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "bad.pth")
    with pytest.raises(CheckpointError, match=r"it holds a .*, not weights by name"):
        CheckpointLoader.load_checkpoint(str(tmp_path / "bad.pth"), map_location="cpu")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"state_dict": None}, "its weights are not by name"),
        ({"state_dict": {1: torch.ones(1)}}, "its weights are not by name"),
        ({3: 4}, "its weights are not by name"),
        ({"state_dict": {}, "meta": None}, "its meta information is damaged"),
        ({"state_dict": {}, "meta": {"dataset_meta": [1]}}, "its meta information is damaged"),
    ],
)
def test_what_mmdet_would_stumble_over_is_refused(tmp_path, content, reason):
    torch.save(content, tmp_path / "bad.pth")
    with pytest.raises(CheckpointError, match=rf"bad\.pth is no readable checkpoint: {reason}"):
        CheckpointLoader.load_checkpoint(str(tmp_path / "bad.pth"), map_location="cpu")


@pytest.mark.parametrize("name", list(list_models()))
def test_a_model_that_comes_along_is_a_checkpoint_by_its_name(name):
    loaded = CheckpointLoader.load_checkpoint(f"adla://{name}", "cpu")
    weights = torch.load(find_model(name), weights_only=True)["state_dict"]
    assert list(loaded["state_dict"]) == list(weights)
    assert all(torch.equal(loaded["state_dict"][key], weights[key]) for key in weights)


@pytest.mark.parametrize("name", ["adla://hit-uav", "adla://../zoo/hit-uav-n", "adla://"])
def test_an_unknown_model_lists_those_that_come_along(name):
    with pytest.raises(ValueError, match=r"these come with adla:(?s:.*)hit-uav-n +Person"):
        CheckpointLoader.load_checkpoint(name)


def test_a_damaged_checkpoint_is_not_called_code():
    assert "is damaged" in explain_refusal(UnpicklingError("Weights only load failed."))


def test_weights_of_ultralytics_are_to_be_converted_not_trusted():
    error = UnpicklingError("Unsupported global: GLOBAL ultralytics.nn.tasks.DetectionModel was")
    said = explain_refusal(error)
    assert "adla convert yolov8 FILE" in said and "WEIGHTS_ONLY" not in said


@pytest.mark.parametrize(("owner", "name"), [(HistoryBuffer, "__init__"), (np.ndarray, "min")])
def test_getattr_reaches_the_statistics_alone(owner, name):
    assert get_statistic(HistoryBuffer, "mean") is HistoryBuffer.mean
    with pytest.raises(UnpicklingError, match="getattr"):
        get_statistic(owner, name)


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["test", "predict", "train"])
def test_no_tool_runs_what_a_checkpoint_holds(scenes, tmp_path, tool):  # noqa: F811
    config, checkpoint = tmp_path / "config.py", tmp_path / "evil.pth"
    tiny_config(scenes, tmp_path / "run").dump(config)
    torch.save({"state_dict": {}, "meta": Evil(tmp_path / "harm")}, checkpoint)
    arguments = {
        "test": [checkpoint],
        "predict": [checkpoint, scenes / "images", "--out", tmp_path / "out", "--device", "cpu"],
        "train": ["--resume", checkpoint],
    }[tool]
    arguments = list(map(str, [ROOT / "tools" / f"{tool}.py", config, *arguments]))
    result = subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    assert not (tmp_path / "harm").exists()
    assert result.returncode and "Traceback" not in result.stderr, result.stderr
    assert "holds posix.system, which could run code" in result.stderr.splitlines()[-1]
