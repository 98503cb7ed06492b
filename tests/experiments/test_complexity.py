import pytest

from adla.experiments.complexity import Complexity, complexity_key, load_complexities
from adla.experiments.measure_complexity import measure, save_complexities
from adla.experiments.tables import Row

from ..config_utils import CONFIG_ROOT, build, load

CONFIG = "demo/retinanet_csp-nano_fpn-p2_light_scenes.py"


def test_parameters_and_operations():
    small = measure(CONFIG_ROOT, Row("a", "a", CONFIG), 64)
    large = measure(CONFIG_ROOT, Row("a", "a", CONFIG), 128)
    count = sum(p.numel() for p in build(load(CONFIG)).parameters())
    assert small.parameters == large.parameters == pytest.approx(count / 1e6)
    assert large.gflops == pytest.approx(4 * small.gflops, rel=0.01) and large.side == 128


def test_measured_once(tmp_path):
    file = tmp_path / "sizes/complexity.json"
    assert load_complexities(file) == {}
    save_complexities(file, {"x": Complexity(1, 2, 3)})
    assert load_complexities(file) == {"x": Complexity(1, 2, 3)}
    for broken in ('{"x": {"parameters"', '{"x": {"parameters": null, "gflops": 1, "side": 2}}'):
        file.write_text(broken)
        with pytest.raises(ValueError, match="remove it and measure again"):
            load_complexities(file)


def test_what_only_training_sees_is_the_same_network():
    options = {"model.train_cfg.assigner.gamma": 2, "model.backbone.pretrained": True}
    key = complexity_key(Row("a", "a", CONFIG, options))
    assert key == complexity_key(Row("b", "b", CONFIG))
    assert key != complexity_key(Row("b", "b", CONFIG, {"model.backbone.depth": 18}))
