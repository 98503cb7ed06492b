"""Whether a checkpoint goes with a config."""

import pytest
import torch
from mmengine.config import ConfigDict
from torch import nn

from adla.compat.checkpoints import CheckpointError
from adla.models.checkpoints import (
    check_classes,
    check_weights,
    classes_in,
    classes_of,
    load_weights,
    weights_of,
)

CLASSES = ("ship", "plane")


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))


def config(**dataset):
    dataset = {"type": "TinyCocoDataset", "metainfo": {"classes": CLASSES}} | dataset
    return ConfigDict(test_dataloader={"dataset": dataset})


def save(folder, weights=None, **meta):
    path = folder / "a.pth"
    torch.save({"state_dict": weights or model().state_dict(), "meta": meta}, path)
    return str(path)


def test_weights_that_fit_are_loaded(tmp_path):
    trained = {f"module.{k}": v + 1 for k, v in model().state_dict().items()}
    found, path = model(), save(tmp_path, trained, dataset_meta={"classes": CLASSES})
    assert load_weights(found, config(), path) == []
    assert all(v.equal(trained[f"module.{k}"]) for k, v in found.state_dict().items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("0.bias"), r"whose model has 4 weights: it lacks 1 \(0\.bias\)"),
        (lambda w: w.update(more=torch.ones(1)), r"it has beyond the config 1 \(more\)"),
        (lambda w: w.update({"1.bias": torch.ones(7)}), r"in other shapes 1 \(1\.bias\)"),
        (lambda w: w.update({"1.bias": "text"}), r"in other shapes 1 \(1\.bias\)"),
        (lambda w: w.clear() or w.update(a=torch.ones(1)), r"lacks 4 \(0\.bias, \.\.\.\); it has"),
    ],
)
def test_weights_of_another_model_are_refused(tmp_path, change, message):
    weights = dict(model().state_dict())
    change(weights)
    found = model()
    with pytest.raises(CheckpointError, match=rf"a\.pth does not fit the config.*{message}"):
        load_weights(found, config(), save(tmp_path, weights))
    assert all(v.equal(model().state_dict()[k]) for k, v in found.state_dict().items())


@pytest.mark.parametrize("state", [{"state_dict": None}, {"state_dict": [1]}, {}, {3: 4}])
def test_no_weights_at_all(state):
    with pytest.raises(CheckpointError, match="lacks 4"):
        check_weights(model(), weights_of(state), "a.pth", "b.py")


@pytest.mark.parametrize(
    "theirs", [("plane", "ship"), ("plane", "bus"), ("bus", "ship"), ("plane", "bus", "ship")]
)
def test_a_class_with_two_labels_is_refused(theirs):
    with pytest.raises(CheckpointError, match=r"a\.pth was trained with other labels.*'\w+' is \d"):
        check_classes(theirs, CLASSES, "a.pth")


def test_other_names_are_said():
    assert check_classes(CLASSES, CLASSES, "a") == check_classes(None, CLASSES, "a") == []
    (note,) = check_classes(("ship", "car"), CLASSES, "a.pth")
    assert note == "a.pth was trained for ship, car; the config calls these labels ship, plane"


@pytest.mark.parametrize(
    ("meta", "classes"),
    [
        ({"dataset_meta": {"classes": ["a", "b"]}}, ("a", "b")),
        ({"dataset_meta": {"CLASSES": ("a",)}}, ("a",)),
        ({"CLASSES": ("a", "b")}, ("a", "b")),  # of mmdet 2
        ({"dataset_meta": {"classes": "ship"}}, ("ship",)),
        ({"dataset_meta": None}, None),
        ({"dataset_meta": {"classes": [1, 2]}}, None),
        ({"dataset_meta": {"classes": 7}}, None),
        ({}, None),
        (None, None),
        ([1], None),
    ],
)
def test_classes_of_a_checkpoint(meta, classes):
    assert classes_of({"meta": meta}) == classes


def test_classes_in_a_config(tmp_path):
    assert classes_in(config(), "test") == CLASSES
    assert classes_in(config(), "train") is classes_in({}, "test") is None
    assert classes_in(config(type="SIRSTV2Dataset", metainfo=None), "test") == ("Target",)
    for kind in ("Nothing", "no.such.Dataset", "", None, dict):
        assert classes_in(config(type=kind, metainfo=None), "test") is None
    (tmp_path / "names.txt").write_text("a\nb\n")
    by_file = config(metainfo={"classes": str(tmp_path / "names.txt")})
    assert classes_in(by_file, "test") == ("a", "b")
    inner = dict(config().test_dataloader.dataset)
    for wrapper in (
        {"type": "ConcatDataset", "datasets": [inner, inner]},
        {"type": "RepeatDataset", "dataset": {"type": "ConcatDataset", "datasets": [inner]}},
    ):
        assert classes_in(ConfigDict(test_dataloader={"dataset": wrapper}), "test") == CLASSES
