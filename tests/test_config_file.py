"""Configs: read, changed, refused with one message."""

import pytest
from mmengine.registry import DefaultScope

from adla.config_file import build_model, load_config


def test_a_config_that_is_none_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config file .*no\.py is not there"):
        load_config(tmp_path / "no.py")
    (tmp_path / "bad.py").write_text("a = (")
    with pytest.raises(ValueError, match=r"bad\.py is not a config: SyntaxError"):
        load_config(tmp_path / "bad.py")


def test_options_change_a_config(tmp_path):
    (tmp_path / "a.py").write_text("a = dict(b=1)")
    assert load_config(tmp_path / "a.py", {"a.b": 2}).a.b == 2


def test_an_option_that_does_not_fit_is_named(tmp_path):
    (tmp_path / "a.py").write_text("a = [1]")
    with pytest.raises(ValueError, match=r"the option a\.5=2 does not fit .*a\.py"):
        load_config(tmp_path / "a.py", {"a.5": 2})


@pytest.mark.parametrize(("text", "scope"), [("a = 1", "mmdet"), ("default_scope = 'x'", "x")])
def test_the_scope_of_the_config_is_entered(tmp_path, text, scope):
    (tmp_path / "a.py").write_text(text)
    with DefaultScope.overwrite_default_scope("mmengine"):
        load_config(tmp_path / "a.py")
        assert DefaultScope.get_current_instance().scope_name == scope
    load_config(tmp_path / "a.py", {"default_scope": "mmdet"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("default_scope = 7", "default_scope is 7, not a name"),
        ("model = ['RetinaNet']", r"model is \['RetinaNet'\], not a dict"),
        ("model = dict(data_preprocessor=7)", "model.data_preprocessor is 7, not a dict"),
        (
            "model = dict(data_preprocessor=dict(pad_size_divisor='x'))",
            "model.data_preprocessor.pad_size_divisor is 'x', not a number from 1",
        ),
        ("model = dict(train_cfg=[dict()])", r"model.train_cfg is \[\{\}\], not a dict"),
        (
            "model = dict(train_cfg=dict(assigner=0.5))",
            "model.train_cfg.assigner is 0.5, not a dict with a type",
        ),
        (
            "model = dict(train_cfg=dict(rcnn=[dict(), dict(assigner=[0, '4'])]))",
            r"model.train_cfg.rcnn\[1\].assigner\[0\] is 0, not a dict with a type",
        ),
        (
            "model = dict(detector=dict(train_cfg=dict(rpn=dict(assigner=dict()))))",
            r"model.detector.train_cfg.rpn.assigner is \{\}, not a dict with a type",
        ),
        ("model = dict(detector='x')", "model.detector is 'x', not a dict"),
        ("model = dict(rpn_head=3)", "model.rpn_head is 3, not a dict"),
        (
            "model = dict(roi_head=dict(bbox_head=[dict(type='A'), None]))",
            r"model.roi_head.bbox_head\[1\] is None, not a dict",
        ),
        ("train_dataloader = 'x'", "train_dataloader is 'x', not a dict"),
        ("val_dataloader = dict(dataset=[])", r"val_dataloader.dataset is \[\], not a dict"),
        (
            "test_dataloader = dict(dataset=dict(dataset=dict(pipeline=[dict(type='A'), 7])))",
            r"test_dataloader.dataset.dataset.pipeline\[1\] is 7, not a dict with a type",
        ),
        (
            "test_dataloader = dict(dataset=dict(datasets=[dict(metainfo=3), dict(pipeline=4)]))",
            r"dataset.datasets\[0\].metainfo is 3, not a dict \(and 1 more\)",
        ),
        ("val_dataloader = dict(dataset=dict(ann_file=3))", "dataset.ann_file is 3, not a path"),
        ("val_dataloader = dict(dataset=dict(data_root=[]))", r"data_root is \[\], not a path"),
        ("val_dataloader = dict(dataset=dict(data_prefix='x'))", "data_prefix is 'x', not a dict"),
        (
            "val_dataloader = dict(dataset=dict(data_prefix=dict(img=1)))",
            "data_prefix.img is 1, not a path",
        ),
        ("test_dataloader = dict(dataset=dict(datasets=5))", "datasets is 5, not a list"),
        (
            "test_dataloader = dict(dataset=dict(metainfo=dict(classes=[1])))",
            r"metainfo.classes is \[1\], not a list of names",
        ),
    ],
)
def test_what_is_of_another_kind_is_named(tmp_path, text, message):
    (tmp_path / "c.py").write_text(text)
    with pytest.raises(ValueError, match=rf"c\.py: .*{message}"):
        load_config(tmp_path / "c.py")


def test_a_model_that_cannot_be_built_is_one_message(tmp_path):
    for text in ("model = dict(type='RetinaNet', backbone=7)", "x = 1", "model = dict(type='No')"):
        (tmp_path / "c.py").write_text(text)
        with pytest.raises(ValueError, match=r"c\.py: the model cannot be built: \S"):
            build_model(load_config(tmp_path / "c.py"))
