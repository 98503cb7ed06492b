"""The ONNX file against torch, and what is left where the export fails."""

import pytest
import torch
from mmdet.registry import MODELS

from adla.engine import onnx_export

from ..config_utils import CONFIG_ROOT, load

CONFIG = "msla/yolov8-n_pafpn-p2_msla-300e_sirst-v2.py"
pytest.importorskip("onnxruntime")


def build(name=CONFIG):
    torch.manual_seed(0)
    return MODELS.build(load(name).model)


def test_the_file_gives_what_torch_gives(tmp_path):
    import onnxruntime

    detector = build()
    path = tmp_path / "sub" / "msla.onnx"
    assert onnx_export.export_onnx(detector, path, (96, 64)) <= 1e-4
    assert [p.name for p in path.parent.iterdir()] == ["msla.onnx"]
    session = onnxruntime.InferenceSession(str(path))
    image = torch.rand(1, 3, 64, 96)
    boxes, scores = session.run(None, {"image": image.numpy()})
    with torch.no_grad():
        wanted = detector.bbox_head.decode(*detector(image))
    assert boxes.shape[1] == 24 * 16 + 12 * 8 + 6 * 4 + 3 * 2
    torch.testing.assert_close(torch.from_numpy(boxes), wanted[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(torch.from_numpy(scores), wanted[1], rtol=1e-4, atol=1e-4)


def test_no_file_where_the_two_differ(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_export, "TOLERANCE", -1.0)
    with pytest.raises(ValueError, match="differs from torch"):
        onnx_export.export_onnx(build(), tmp_path / "msla.onnx", (64, 64))
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_exported_is_refused(tmp_path):
    with pytest.raises(ValueError, match="multiples of 32 px, but got 100 x 64"):
        onnx_export.export_onnx(build(), tmp_path / "a.onnx", (100, 64))
    retina = build("retinanet/retinanet_csp-nano_fpn-p2_light_sirst-v2.py")
    with pytest.raises(ValueError, match="such as MSLAHead, but the detector has RetinaHead"):
        onnx_export.export_onnx(retina, tmp_path / "a.onnx", (64, 64))


def test_a_dynamic_file_takes_any_batch_and_size(tmp_path):
    detector = build()
    path = tmp_path / "msla.onnx"
    assert onnx_export.export_onnx(detector, path, (64, 96), dynamic=True) <= 1e-4
    graph = onnx_export.DeployGraph(detector)
    for batch, height, width in ((1, 32, 32), (2, 96, 160), (3, 128, 64)):
        image = torch.rand(batch, 3, height, width)
        assert onnx_export.compare(graph, path, image) <= 1e-4
    onnx_export.export_onnx(detector, path, (64, 96))
    with pytest.raises(Exception, match="Got invalid dimensions for input"):
        onnx_export.compare(graph, path, torch.rand(2, 3, 32, 32))


def test_the_command_refuses_a_foreign_checkpoint(tmp_path, adla_command):
    config = CONFIG_ROOT / CONFIG
    checkpoint, out = tmp_path / "a.pth", tmp_path / "a.onnx"
    weights = build().state_dict()
    words = ("export", config, out, "--checkpoint", checkpoint, "--size", 64, 64)
    for state, message in (
        ({"state_dict": {k: weights[k] for k in list(weights)[9:]}}, "it lacks 9"),
        ({"state_dict": weights, "meta": {"CLASSES": ("ship", "Target")}}, "other labels"),
        ({"state_dict": {}}, "does not fit"),
    ):
        torch.save(state, checkpoint)
        code, _, error = adla_command(*words)
        assert code == 2 and not out.exists() and message in error
        assert error.splitlines()[-1].startswith("adla export: ") and "Traceback" not in error
    torch.save({"state_dict": weights, "meta": {"CLASSES": ("boat",)}}, checkpoint)
    code, printed, error = adla_command(*words)
    assert code == 0 and out.exists() and "(1, 3, 64, 64)" in printed
    assert "a.pth was trained for boat; the config calls these labels Target" in error
