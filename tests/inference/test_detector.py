import copy

import numpy as np
import pytest
import torch
from mmdet.apis import inference_detector, init_detector
from PIL import Image

from adla.inference.detector import (
    SliceDetector,
    check_score_thr,
    detector_loader,
    load_detector_config,
)
from adla.inference.image_readers import open_source
from adla.inference.settings import choose_range


def test_a_batch_gives_what_mmdet_gives_one_by_one(detector_files):
    config, checkpoint = detector_files
    detector = SliceDetector(load_detector_config(config), checkpoint, "cpu")
    slices = list(np.random.default_rng(0).integers(0, 256, (3, 64, 96, 3), dtype=np.uint8))
    model = init_detector(str(config), str(checkpoint), device="cpu")
    for ours, theirs in zip(
        detector.detect(slices), inference_detector(model, slices), strict=True
    ):
        theirs = theirs.pred_instances
        assert len(ours) == 12 and (ours.boxes[:, 2:] > 0).all()
        assert np.allclose(ours.corners, theirs.bboxes.numpy(), atol=1e-2)
        assert np.allclose(ours.scores, theirs.scores.numpy(), atol=1e-4)
        assert np.array_equal(ours.labels, theirs.labels.numpy())
    assert detector.classes == ("vehicle", "ship", "storage-tank", "person")


def test_a_range_in_the_test_pipeline_is_taken_and_no_other(detector_files, tmp_path):
    path = tmp_path / "deep.py"
    path.write_text(
        f"_base_ = '{detector_files[0]}'\n"
        "loading = dict(type='LoadImageInRange', value_range=(100, 355), to_float32=True)\n"
        "test_dataloader = dict(dataset=dict(pipeline=[loading, dict(type='Resize', "
        "scale_factor=1.0), dict(type='mmdet.PackDetInputs')]))\n"
    )
    config = load_detector_config(path)
    pipeline = config.test_dataloader.dataset.pipeline
    assert choose_range(pipeline) == choose_range(pipeline, [100, 355]) == (100, 355)
    with pytest.raises(ValueError, match=r"--value-range 0 255 is not what .*\(100, 355\)"):
        choose_range(pipeline, [0, 255])
    frame = np.random.default_rng(0).integers(100, 356, (64, 96)).astype(np.uint16)
    Image.fromarray(frame).save(tmp_path / "a.png")
    source = open_source(tmp_path / "a.png", choose_range(pipeline), None, detector_loader(config))
    pixels = source.read_rows(0, 64)[0]
    assert np.array_equal(pixels[..., 0], frame - 100)
    (found,) = SliceDetector(config, detector_files[1], "cpu").detect([pixels])
    plain = SliceDetector(load_detector_config(detector_files[0]), detector_files[1], "cpu")
    (expected,) = plain.detect([pixels])
    assert len(found) == 12 and np.allclose(found.boxes, expected.boxes)


def test_a_checkpoint_of_another_model_is_refused(detector_files, tmp_path):
    config, checkpoint = detector_files
    whole = torch.load(checkpoint, weights_only=False)
    for change, message in (
        (lambda w: w.pop("neck.fpn_convs.0.conv.weight"), r"lacks 1 \(neck\.fpn_convs\.0"),
        (lambda w: w.update(extra=torch.zeros(1)), r"has beyond the config 1 \(extra\)"),
        (
            lambda w: w.update({"bbox_head.retina_cls.bias": torch.zeros(9)}),
            r"has in other shapes 1 \(bbox_head\.retina_cls\.bias\)",
        ),
    ):
        broken = copy.deepcopy(whole)
        change(broken["state_dict"])
        path = tmp_path / "other.pth"
        torch.save(broken, path)
        with pytest.raises(ValueError, match=rf"other\.pth does not fit .*detector\.py.*{message}"):
            SliceDetector(load_detector_config(config), path, "cpu")


def test_class_names_must_be_as_many_as_outputs(detector_files, tmp_path):
    config, checkpoint = detector_files
    state = torch.load(checkpoint, weights_only=False)
    state["meta"]["dataset_meta"]["classes"] = ("ship",)
    torch.save(state, tmp_path / "one.pth")
    with pytest.raises(ValueError, match="name 1 classes, but the model's num_classes is 4"):
        SliceDetector(load_detector_config(config), tmp_path / "one.pth", "cpu")


def test_classes_in_another_order_are_refused_and_other_names_said(detector_files, tmp_path):
    config, checkpoint = detector_files
    state = torch.load(checkpoint, weights_only=False)
    names = state["meta"]["dataset_meta"]["classes"]
    path = tmp_path / "a.pth"
    torch.save({**state, "meta": {"dataset_meta": {"classes": names[::-1]}}}, path)
    with pytest.raises(ValueError, match=r"a\.pth was trained with other labels.*'person' is 0"):
        SliceDetector(load_detector_config(config), path, "cpu")
    torch.save({**state, "meta": {"dataset_meta": {"classes": (*names[:3], "human")}}}, path)
    detector = SliceDetector(load_detector_config(config), path, "cpu")
    assert detector.classes[3] == "human" and "was trained for" in detector.notes[0]
    torch.save({"state_dict": state["state_dict"]}, path)
    detector = SliceDetector(load_detector_config(config), path, "cpu")
    assert detector.classes == names and detector.notes == []


def test_files_that_are_not_there_or_not_theirs(detector_files, tmp_path):
    config, _ = detector_files
    with pytest.raises(FileNotFoundError, match=r"config file no\.py"):
        load_detector_config(tmp_path.relative_to(tmp_path) / "no.py")
    with pytest.raises(FileNotFoundError, match="no such checkpoint"):
        SliceDetector(load_detector_config(config), tmp_path / "no.pth", "cpu")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(ValueError, match=r"text\.pth is no readable checkpoint"):
        SliceDetector(load_detector_config(config), tmp_path / "text.pth", "cpu")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = dict()", "has no test pipeline"),
        ("test_dataloader = None", "has no test pipeline"),
        ("test_dataloader = dict(dataset=None)", "has no test pipeline"),
        ("test_dataloader = dict(dataset=dict(pipeline=[dict(type='Resize')]))", "no LoadImage"),
        (
            "test_dataloader = dict(dataset=dict(pipeline=[dict(type='LoadImageFromFile')]))",
            r"no Resize step; dict\(type='Resize', scale_factor=1\.0\)",
        ),
    ],
)
def test_a_config_without_the_steps_that_slices_need(tmp_path, text, message):
    path = tmp_path / "poor.py"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_detector_config(path)


def test_a_score_below_the_threshold_of_the_config_is_refused(detector_files):
    config = load_detector_config(detector_files[0], {"model.test_cfg.score_thr": 0.2})
    check_score_thr(config, 0.2)
    with pytest.raises(ValueError, match=r"--cfg-options model\.test_cfg\.score_thr=0\.1"):
        check_score_thr(config, 0.1)
