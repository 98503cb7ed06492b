"""Anchors for YOLOv5's matching: counted as it matches, found by k-means, and only said."""

import ast

import numpy as np
import pytest
from mmengine.config import ConfigDict

from adla.dataset_check.matching import match
from adla.dataset_check.network_view import eyes_of
from adla.dataset_check.priors import config_priors
from adla.dataset_check.shape_anchors import propose_shape_anchors

HEAD = dict(type="YOLOv5Head", num_classes=1, in_channels=8)


def boxes_of(sizes, side=512, seed=0):
    rng = np.random.default_rng(seed)
    sizes = np.asarray(sizes, dtype=float)
    corners = rng.uniform(0, side - sizes, sizes.shape)
    return np.hstack([corners, corners + sizes]), np.full((len(sizes), 2), side)


def priors(**settings):
    return config_priors(ConfigDict(bbox_head={**HEAD, **settings}))


def test_objects_are_counted_as_the_head_matches_them():
    boxes, canvases = boxes_of([[10, 13], [2.5, 13], [2.6, 13], [1492, 1000], [1491, 1000]], 2000)
    result = match(boxes, canvases, priors())
    assert result.matched == 3
    assert result.criterion == "an anchor with sides less than 4 times apart"
    assert result.warnings(5)[0].startswith("2 of 5 objects get no positive")
    assert match(boxes, canvases, priors(ratio_thr=3)).matched == 1


def test_proposes_as_many_as_the_config_has_and_they_fit():
    rng = np.random.default_rng(1)
    sides = np.exp(rng.uniform(0, 1, (400, 2))) * rng.choice([1, 4, 40], (400, 1))
    boxes, _ = boxes_of(sides)
    found = propose_shape_anchors(boxes, priors())
    assert found.misfits == 0 and found.misfits_now > 100
    name, _, value = found.config().partition("=")
    now = priors(**{name: ast.literal_eval(value)})  # what is printed is what a config takes
    assert [level.priors_per_cell for level in now.levels] == [3, 3, 3]
    again = propose_shape_anchors(boxes, now)
    assert again.misfits_now == 0 and again.anchors == found.anchors
    areas = [w * h for level in found.anchors for w, h in level]
    assert areas == sorted(areas)


def test_a_shape_for_each_anchor_is_needed():
    assert propose_shape_anchors(boxes_of([[4, 5]] * 50)[0], priors()) is None


def test_the_model_of_a_config_is_looked_through():
    assert eyes_of(dict(bbox_head=HEAD)).priors.ratio_thr == 4
    retina = dict(type="RetinaHead", num_classes=1, in_channels=8)
    assert eyes_of(dict(bbox_head=retina)).priors.ratio_thr == 0
    with pytest.raises(ValueError, match="YOLOv5Head: anchors must have"):
        priors(anchors=[[[1, 2]]])
