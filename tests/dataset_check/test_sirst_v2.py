"""The published SIRST-V2: numbers that are known from elsewhere."""

import numpy as np
import pytest

from adla.dataset_check.annotations import read_records
from adla.dataset_check.network_view import Eyes, network_view
from adla.dataset_check.priors import config_priors, point_priors
from adla.datasets.converters import convert_sirst_v2

LETTERBOX = [dict(type="Resize", scale=(640, 640), keep_ratio=True)]


@pytest.fixture(scope="module")
def trainval(sirst_v2_root, tmp_path_factory):
    out = tmp_path_factory.mktemp("sirst")
    convert_sirst_v2(sirst_v2_root, out, ["trainval_full"], progress=False)
    return read_records(out / "annotations/trainval_full.json")


@pytest.mark.parametrize(
    ("pipeline", "scale", "no_point"),
    [
        ([], 6.945, {"4": 0.257, "8": 0.655, "16": 0.853}),
        # mmdet resizes to whole pixels: one object more than with the exact ratio has a point.
        (LETTERBOX, 13.09, {"4": 0.036, "8": 0.203, "16": 0.554}),
    ],
    ids=["original", "letterbox 640"],
)
def test_scale_and_grid_points_of_trainval(trainval, pipeline, scale, no_point):
    chosen = trainval.usable()
    view = network_view(trainval, chosen, pipeline, Eyes(point_priors([4, 8, 16])))
    assert view.sizes.count == chosen.sum() == 498
    assert view.sizes.scale == pytest.approx(scale, abs=5e-4 if not pipeline else 5e-3)
    shares = {stride: count / 498 for stride, count in view.matching.no_point.items()}
    assert shares == pytest.approx(no_point, abs=5e-4)


@pytest.mark.parametrize(
    ("pipeline", "not_above", "never"),
    [([], 0.518, 0.096), (LETTERBOX, 0.114, 0.010)],
    ids=["original", "letterbox 640"],
)
def test_who_is_out_of_reach_of_anchors_from_16_px(trainval, pipeline, not_above, never):
    anchors = dict(
        type="AnchorGenerator",
        octave_base_scale=2,
        scales_per_octave=3,
        ratios=[0.5, 1.0, 2.0],
        strides=[8, 16, 32],
    )
    priors = config_priors(dict(bbox_head=dict(type="RetinaHead", anchor_generator=anchors)))
    matching = network_view(trainval, trainval.usable(), pipeline, Eyes(priors)).matching
    assert matching.not_above_t_pos_min / 498 == pytest.approx(not_above, abs=3e-3)
    assert matching.below_t_lift / 498 == pytest.approx(never, abs=3e-3)


def test_sizes_of_trainval(trainval):
    points = network_view(trainval, trainval.usable(), [], Eyes()).sizes.percentiles
    expected = {5: 2.83, 25: 4.00, 50: 5.00, 75: 7.07, 95: 12.66, 99: 18.39, 100: 25.92}
    assert {k: points[k] for k in expected} == pytest.approx(expected, abs=5e-3)
    assert np.bincount(trainval.ann_images).max() == 7
