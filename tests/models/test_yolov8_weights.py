"""Weights of ultralytics' layout: renamed, compared by their outputs, refused, and never run."""

import adla  # noqa: F401  isort: skip  before mmdet

import copy
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from adla.models.checkpoints import convert_yolov8, fit_to_model, read_inert, read_yolov8

from .yolov8_layout import Conv, DetectionModel, save, scattered

REPO = Path(__file__).parents[2]
NAMES = ("pafpn", "pafpn-p2")


def small(config_name="yolov8/yolov8-n_pafpn_light", num_classes=3):
    """A shipped config at a quarter of its width, to fit the layout."""
    init_default_scope("mmdet")
    cfg = Config.fromfile(REPO / f"configs/{config_name}_sirst-v2.py").model
    cfg.backbone.widen_factor = 1 / 16
    channels = [8, 16, 32, 64][-len(cfg.bbox_head.strides) :]
    cfg.neck.in_channels = cfg.bbox_head.in_channels = channels
    cfg.bbox_head.num_classes = num_classes
    return cfg


@pytest.mark.parametrize("p2, spp_act", [(False, True), (True, True), (False, False)])
def test_outputs_are_the_same(p2, spp_act, tmp_path):
    theirs = scattered(DetectionModel(p2=p2))
    if not spp_act:  # as 8.4.0 to 8.4.140 build it
        theirs.model[9].cv1.act = torch.nn.Identity()
    save(copy.deepcopy(theirs).half(), tmp_path / "y.pt")
    weights = read_yolov8(tmp_path / "y.pt")
    assert (weights.num_classes, weights.num_levels) == (3, 4 if p2 else 3)
    cfg = small(f"yolov8/yolov8-n_{NAMES[p2]}_light")
    cfg.backbone.spp_act = weights.spp_act
    model = MODELS.build(cfg).eval()
    fitting, lines = fit_to_model(weights, model)
    model.load_state_dict(fitting, strict=True)
    total = len(fitting)
    assert lines == [f"{total} of the detector's {total} tensors come from the file"]
    x = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = zip(*model.bbox_head(model.extract_feat(x)), strict=True)
        for (cls, box), (their_box, their_cls) in zip(found, theirs(x), strict=True):
            torch.testing.assert_close(box, their_box, rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(cls, their_cls, rtol=1e-4, atol=1e-4)


def test_a_pyramid_without_activation_needs_one_in_the_config(tmp_path):
    theirs = DetectionModel()
    save(theirs, tmp_path / "with.pt")
    theirs.model[9].cv1.act = torch.nn.Identity()
    save(theirs, tmp_path / "without.pt")
    told = convert_yolov8(tmp_path / "without.pt", tmp_path / "without.pth")
    assert "needs model.backbone.spp_act=False" in told[-1]
    assert len(convert_yolov8(tmp_path / "with.pt", tmp_path / "with.pth")) == 1
    for name, spp_act, message in (
        (
            "without",
            True,
            r"no activation .* ultralytics 8\.4\.0 to 8\.4\.140 .* needs model\.back",
        ),
        ("with", False, r"must not have model\.backbone\.spp_act=False"),
    ):
        cfg = small()
        cfg.backbone.spp_act = spp_act
        with pytest.raises(ValueError, match=message):
            fit_to_model(read_yolov8(tmp_path / f"{name}.pt"), MODELS.build(cfg))


def test_what_a_layer_does_beside_its_weights_must_be_yolov8s(tmp_path):
    for change, message in (
        (dict(act=torch.nn.ReLU()), r"y.pt is no .*: 'model.5.act' is ReLU, not SiLU"),
        (dict(act=torch.nn.Identity()), r"'model.5.act' is Identity, not SiLU"),
        (dict(bn=torch.nn.BatchNorm2d(32)), r"'model.5.bn' has an eps of 1e-05, not 0.001"),
    ):
        theirs = DetectionModel()
        for name, module in change.items():
            setattr(theirs.model[5], name, module)
        save(theirs, tmp_path / "y.pt")
        with pytest.raises(ValueError, match=message):
            read_yolov8(tmp_path / "y.pt")


def test_class_branches_of_yolo11_are_named(tmp_path):
    theirs = DetectionModel()
    for tower in theirs.model[-1].cv3:  # as 8.3.0 to 8.3.16 build them
        for i in (0, 1):
            tower[i] = torch.nn.Sequential(tower[i], Conv(16, 16))
    save(theirs, tmp_path / "y.pt")
    with pytest.raises(ValueError, match=r"those of YOLO11, as ultralytics 8\.3\.0 to 8\.3\.16"):
        read_yolov8(tmp_path / "y.pt")


def test_the_average_of_a_training_is_preferred(tmp_path):
    model, average = scattered(DetectionModel(), 1), scattered(DetectionModel(), 2)
    save(model, tmp_path / "a.pt")
    from .yolov8_layout import as_ultralytics

    with as_ultralytics():
        torch.save(dict(model=model, ema=average, updates=5), tmp_path / "b.pt")
    name = "backbone.stem.conv.weight"
    assert torch.equal(
        read_yolov8(tmp_path / "b.pt").state_dict[name], average.model[0].conv.weight
    )
    assert torch.equal(read_yolov8(tmp_path / "a.pt").state_dict[name], model.model[0].conv.weight)


def test_other_classes_start_their_branches_anew(tmp_path):
    save(scattered(DetectionModel(nc=80)), tmp_path / "y.pt")
    model = MODELS.build(small(num_classes=1))
    fitting, lines = fit_to_model(read_yolov8(tmp_path / "y.pt"), model)
    assert lines[0] == "the file has 80 classes, the detector 1: the class branches start anew"
    left = set(model.state_dict()) - set(fitting)
    assert left and all(".cls_tower." in name or ".cls_conv." in name for name in left)


@pytest.mark.parametrize(
    "config", ["yolov8/yolov8-n_pafpn-p2_light", "msla/yolov8-n_pafpn-p2_msla-light"]
)
def test_levels_keep_their_strides_below_a_new_p2(config, tmp_path):
    theirs = scattered(DetectionModel())
    save(theirs, tmp_path / "y.pt")
    model = MODELS.build(small(config))
    fitting, lines = fit_to_model(read_yolov8(tmp_path / "y.pt"), model)
    assert lines[0] == "the P2 level is not in the file and starts anew"
    assert not model.load_state_dict(fitting, strict=False).unexpected_keys
    layers = theirs.model
    for name, tensor in {
        "neck.top_down.1.split_conv.conv.weight": layers[15].cv1.conv.weight,  # P3
        "neck.bottom_up.1.final_conv.conv.weight": layers[18].cv2.conv.weight,  # P4
        "neck.downsamples.2.conv.weight": layers[19].conv.weight,
        "bbox_head.branches.3.reg_conv.bias": layers[22].cv2[2][2].bias,  # P5
    }.items():
        assert torch.equal(fitting[name], tensor)
    assert lines[1] == "the class branches have another width and start anew"
    new = {n for n in model.state_dict() if n not in fitting}
    assert new and all(".0." in n or ".cls_" in n for n in new)


def test_a_tiny_branch_starts_anew(tmp_path):
    save(DetectionModel(p2=True), tmp_path / "y.pt")
    model = MODELS.build(small("msla/yolov8-n_pafpn-p2_msla-light"))
    fitting, lines = fit_to_model(read_yolov8(tmp_path / "y.pt"), model)
    assert lines[0] == "the tiny branch is not in the file and starts anew"
    new = {n for n in model.state_dict() if n not in fitting}
    assert new and all(n.startswith("bbox_head.branches.0.") for n in new)


def test_another_size_or_fewer_levels_are_refused(tmp_path):
    save(DetectionModel(), tmp_path / "y.pt")
    save(DetectionModel(p2=True), tmp_path / "p2.pt")
    weights = read_yolov8(tmp_path / "y.pt")
    for name, value, message in (
        ("widen_factor", 0.25, r"mind the size .* is \(8.*\) in the file, but \(32.*\) in the"),
        ("deepen_factor", 0.67, r"mind the size .* is None in the file, but \("),
    ):
        cfg = small()
        cfg.backbone[name] = value
        with pytest.raises(ValueError, match=message):
            fit_to_model(weights, MODELS.build(cfg))
    with pytest.raises(ValueError, match="the weights have 4 levels, but the detector has 3"):
        fit_to_model(read_yolov8(tmp_path / "p2.pt"), MODELS.build(small()))


def test_other_architectures_are_refused(tmp_path):
    other = DetectionModel()
    other.model.append(torch.nn.Conv2d(1, 1, 1))
    save(other, tmp_path / "long.pt")
    with pytest.raises(
        ValueError, match=r"long.pt is no YOLOv8 detector: its last layer has the .* 23"
    ):
        read_yolov8(tmp_path / "long.pt")
    masks = DetectionModel()
    masks.model[-1].proto = torch.nn.Conv2d(1, 1, 1)
    save(masks, tmp_path / "masks.pt")
    with pytest.raises(ValueError, match=r"YOLOv8 has no 'model.22.proto.weight'"):
        read_yolov8(tmp_path / "masks.pt")
    hollow = DetectionModel()
    hollow.model[16] = torch.nn.Identity()
    save(hollow, tmp_path / "hollow.pt")
    with pytest.raises(ValueError, match=r"no whole YOLOv8 .* nothing for 'neck.downsamples.0.'"):
        read_yolov8(tmp_path / "hollow.pt")
    torch.save(dict(state_dict={}, meta={}), tmp_path / "mm.pth")
    with pytest.raises(ValueError, match=r"under 'ema' or 'model'; it has 'state_dict', 'meta'"):
        read_yolov8(tmp_path / "mm.pth")
    torch.save(dict(model=dict(weight=torch.ones(1))), tmp_path / "plain.pth")
    with pytest.raises(ValueError, match=r"no network is pickled .*; it has 'model'$"):
        read_yolov8(tmp_path / "plain.pth")


class Writes:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


class Imports:
    """Imports a module, and calls what it finds in it."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return eval, (f"open({self.path!r}, 'w')",)


@pytest.mark.parametrize("trap", [Writes, Imports])
def test_nothing_in_a_file_is_run(trap, tmp_path):
    mark = tmp_path / "mark"
    save(DetectionModel(), tmp_path / "y.pt", optimizer=trap(mark))
    assert read_yolov8(tmp_path / "y.pt").num_classes == 3
    assert not mark.exists()
    torch.save(trap(mark), tmp_path / "trap.pt")
    read_inert(tmp_path / "trap.pt")
    assert not mark.exists()
    torch.load(tmp_path / "trap.pt", weights_only=False)  # what it would have done
    assert mark.exists()


def test_tensors_come_back_as_they_were(tmp_path):
    base = torch.arange(24.0).reshape(4, 6)
    wanted = dict(
        view=base[1:3, ::2],
        shared=base.t(),
        scalar=torch.tensor(3),
        empty=torch.zeros(0, 4),
        half=base.half(),
        flags=base > 3,
        parameter=torch.nn.Parameter(base),
    )
    torch.save(wanted, tmp_path / "t.pt")
    found = read_inert(tmp_path / "t.pt")
    assert list(found) == list(wanted)
    for name, tensor in wanted.items():
        assert torch.equal(found[name], tensor) and found[name].dtype == tensor.dtype


def rewritten(source, target, change, **settings):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", **settings) as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            new.writestr(name, data)
    return target


def test_damaged_files_get_one_sentence(tmp_path):
    save(DetectionModel(), tmp_path / "y.pt")
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(ValueError, match=r"text\.pt is no checkpoint that torch has written"):
        read_yolov8(tmp_path / "text.pt")
    cut = rewritten(tmp_path / "y.pt", tmp_path / "cut.pt", lambda n, d: d[: len(d) // 2])
    with pytest.raises(ValueError, match=r"cut.pt is (no checkpoint|damaged)"):
        read_yolov8(cut)
    short = rewritten(
        tmp_path / "y.pt", tmp_path / "s.pt", lambda n, d: d[:1] if "/data/" in n else d
    )
    with pytest.raises(ValueError, match=r"s.pt is damaged.*: storage \d+ has 1 bytes, not"):
        read_yolov8(short)
    packed = rewritten(
        tmp_path / "y.pt", tmp_path / "z.pt", lambda n, d: d, compression=zipfile.ZIP_DEFLATED
    )
    with pytest.raises(ValueError, match=r"is compressed, which torch does not do"):
        read_yolov8(packed)
    other = rewritten(
        tmp_path / "y.pt", tmp_path / "b.pt", lambda n, d: b"big" if "byteorder" in n else d
    )
    with pytest.raises(ValueError, match="another byte order"):
        read_yolov8(other)


@pytest.mark.parametrize("also", [[], ["sub/../y.pth"]])
def test_the_command_does_not_overwrite_its_input(tmp_path, adla_command, monkeypatch, also):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "y.pth").write_text("precious")
    code, _, err = adla_command("convert", "yolov8", "y.pth", *also)
    assert code == 2 and "y.pth would be overwritten: name another file" in err
    assert (tmp_path / "y.pth").read_text() == "precious"


@pytest.mark.slow
def test_the_command(tmp_path):
    save(scattered(DetectionModel()), tmp_path / "y.pt")
    env = {**os.environ, "PYTHONPATH": str(REPO), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(REPO / "tools/model_converters/yolov8.py")]
    args = [str(tmp_path / "y.pt")]
    done = subprocess.run(command + args, env=env, capture_output=True, text=True)
    assert done.returncode == 0 and "3 classes" in done.stdout, done.stderr
    state_dict = torch.load(tmp_path / "y.pth", weights_only=True)["state_dict"]
    MODELS.build(small()).load_state_dict(state_dict, strict=True)
    config = REPO / "configs/yolov8/yolov8-n_pafpn_light_sirst-v2.py"
    done = subprocess.run(
        [*command, *args, "--config", str(config)], env=env, capture_output=True, text=True
    )
    assert done.returncode
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("adla convert yolov8: the weights do not fit")


def test_a_training_starts_from_them(tmp_path):
    from mmengine.runner.checkpoint import load_checkpoint

    theirs = scattered(DetectionModel())
    save(theirs, tmp_path / "y.pt")
    cfg = Config(dict(model=small(num_classes=1)))
    cfg.dump(tmp_path / "config.py")
    lines = convert_yolov8(tmp_path / "y.pt", tmp_path / "out.pth", tmp_path / "config.py")
    assert "3 classes, the detector 1" in lines[0]
    model = MODELS.build(small(num_classes=1))
    load_checkpoint(model, str(tmp_path / "out.pth"), map_location="cpu")
    assert torch.equal(model.backbone.stem.conv.weight, theirs.model[0].conv.weight)


def rewrite(source, target, change):
    """Copy a checkpoint with a change of its pickle."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            inside = old.read(name)
            new.writestr(name, change(inside) if name.endswith("data.pkl") else inside)


def test_a_pickle_takes_no_more_memory_than_its_size(tmp_path):
    """An index of the memo of 2^32 - 1 would make pickle hold 32 GB."""
    torch.save({"a": torch.zeros(4)}, tmp_path / "a.pt")
    assert read_inert(tmp_path / "a.pt")["a"].tolist() == [0.0] * 4
    rewrite(tmp_path / "a.pt", tmp_path / "b.pt", lambda p: p[:-1] + b"r\xff\xff\xff\xff.")
    with pytest.raises(ValueError, match=r"b\.pt is damaged.*at place 4294967295 of its memo"):
        read_inert(tmp_path / "b.pt")
    names = b"".join(b"cm\nN%d\n" % i for i in range(5000))  # 5,000 classes, some bytes each
    rewrite(tmp_path / "a.pt", tmp_path / "n.pt", lambda p: b"\x80\x02(" + names + b"l.")
    found = read_inert(tmp_path / "n.pt")
    assert len(found) == 5000 and len(set(found)) == 1001
    torch.save({"a": torch.zeros(1).expand(10**9)}, tmp_path / "c.pt")
    with pytest.raises(ValueError, match=r"shape \(1000000000,\) on 1 numbers"):
        read_inert(tmp_path / "c.pt")
