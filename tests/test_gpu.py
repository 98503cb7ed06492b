"""On a CUDA device: the same assignments as on the CPU, training steps and predictions."""

import pytest
import torch
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.testing import demo_mm_inputs

from adla.core import AssignmentRule, TaskAlignmentRule, assign_adaptive, assign_task_aligned
from adla.engine.assigners import find_assigners

from .config_utils import load
from .test_device_guard import ASSIGNERS, batch, head, image, total

pytestmark = pytest.mark.gpu
CUDA = "cuda"


@pytest.fixture(params=[False, True], ids=["", "deterministic"])
def deterministic(request, monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(request.param)
    yield
    torch.use_deterministic_algorithms(False)


def move(value, device=CUDA):
    return value.to(device) if hasattr(value, "to") else value


def assert_about_equal(found, expected, overlaps):
    """Nearly all priors share a fate: roots and exponentials may differ in the last bit."""
    same = (found.gt_inds.cpu() == expected.gt_inds).float().mean()
    assert same > 0.999
    assert torch.allclose(getattr(found, overlaps).cpu(), getattr(expected, overlaps), atol=1e-5)


@pytest.mark.parametrize("count", [1, 10, 170, 800])
@pytest.mark.parametrize("name", ASSIGNERS)
def test_assigners(name, count, deterministic):
    assigner = TASK_UTILS.build(ASSIGNERS[name])
    if hasattr(assigner, "set_progress"):
        assigner.set_progress(0.75)
    case = image(count)
    result = assigner.assign(*map(move, case))
    assert result.gt_inds.device.type == CUDA
    assert_about_equal(result, assigner.assign(*case), "max_overlaps")


@pytest.mark.parametrize("engine", ["dense", "sparse", "auto"])
def test_engines_are_equal_on_one_device(engine, deterministic):
    priors, gts, _ = image(300)
    rule = AssignmentRule(alpha=0.6, force_match=True)
    boxes = tuple(map(move, (priors.priors, gts.bboxes, priors.bboxes)))
    expected = assign_adaptive(boxes[0], boxes[1], rule, boxes[2], engine="dense")
    result = assign_adaptive(boxes[0], boxes[1], rule, boxes[2], engine=engine)
    assert result.gt_inds.equal(expected.gt_inds)
    assert result.max_overlaps.equal(expected.max_overlaps)


def test_a_batch_of_msla(deterministic):
    tensors, counts = batch(40)
    rule = TaskAlignmentRule(scale=12.0)
    expected = assign_task_aligned(**tensors, num_level_priors=counts, rule=rule)
    tensors = {name: move(tensor) for name, tensor in tensors.items()}
    result = assign_task_aligned(**tensors, num_level_priors=counts, rule=rule)
    assert_about_equal(result, expected, "scores")


@pytest.mark.parametrize("kind", ["AdlaRetinaHead", "MSLAHead"])
def test_the_losses_of_a_head(kind):
    built, maps, gts, metas = head(kind)
    expected = total(built.loss_by_feat(*maps, gts, metas))
    maps = [[move(level).requires_grad_() for level in levels] for levels in maps]
    loss = total(built.to(CUDA).loss_by_feat(*maps, list(map(move, gts)), metas))
    loss.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-3)
    assert all(level.grad.isfinite().all() for levels in maps for level in levels)


def test_the_waits_are_as_few_as_on_the_simulated_device():
    """PyTorch itself warns of each synchronization."""
    assigner = TASK_UTILS.build(ASSIGNERS["adla"])
    assigner.set_progress(0.75)
    case = tuple(map(move, image(170)))
    assigner.assign(*case)
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with pytest.warns(UserWarning) as found:
            assigner.assign(*case)
            move(torch.ones(1)).item()  # one that is sure to come
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert len([w for w in found if "synchronizing" in str(w.message)]) <= 2 + 2


@pytest.mark.parametrize(
    "name",
    [
        "retinanet/retinanet_csp-nano_fpn-p2_adla-light_sirst-v2.py",
        "msla/yolov8-n_pafpn-p2_msla-light_sirst-v2.py",
    ],
)
@pytest.mark.parametrize("device", ["cuda:0", "cuda:1"])
def test_trains_a_step_and_predicts(name, device):
    if int(device[-1]) >= torch.cuda.device_count():
        pytest.skip("needs a second CUDA device")
    model = MODELS.build(load(name).model).to(device)
    model.init_weights()
    for assigner in find_assigners(model).values():
        if hasattr(assigner, "set_progress"):
            assigner.set_progress(0.75)
    data = model.data_preprocessor(demo_mm_inputs(2, (3, 128, 128), num_classes=2), True)
    for sample in data["data_samples"]:
        sample.gt_instances.labels.zero_()
    model.parse_losses(model(**data, mode="loss"))[0].backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    samples = model.eval()(**data, mode="predict")
    assert all(sample.pred_instances.bboxes.device.type == CUDA for sample in samples)
