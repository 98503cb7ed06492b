import ast

import numpy as np
import pytest
from mmdet.models.task_modules.prior_generators import AnchorGenerator

from adla.dataset_check.anchor_proposal import propose_anchors
from adla.dataset_check.priors import Priors, levels_of, point_priors


def objects(sizes, count=400, side=512, seed=0):
    """Squares of given sides anywhere on images of `side` pixels."""
    rng = np.random.default_rng(seed)
    sides = rng.choice(sizes, count)
    corners = rng.uniform(0, side - sides[:, None], (count, 2))
    return np.hstack([corners, corners + sides[:, None]]), np.full((count, 2), side)


def anchors(**options):
    generator = AnchorGenerator(scales_per_octave=3, ratios=[0.5, 1.0, 2.0], **options)
    return Priors("RetinaHead", levels_of(generator))


@pytest.mark.parametrize(
    ("sizes", "strides"),
    [
        ([6, 7, 8], [4]),
        ([40, 50], [16]),
        # One object in seven is large: the levels reach it.
        ([6, 7, 8, 10, 12, 14, 90], [4, 8, 16, 32]),
    ],
)
def test_the_levels_follow_the_sizes(sizes, strides):
    proposal = propose_anchors(*objects(sizes), None)
    assert proposal.strides == strides
    assert proposal.smallest == proposal.octave_base_scale * strides[0]
    assert proposal.misfits <= 0.2 * 400 and proposal.misfits_now is None
    # The text is what a config takes, and what the number of misfits was counted with.
    options = dict(part.split("=") for part in proposal.config().split(", ") if "=" in part)
    assert float(options["octave_base_scale"]) == proposal.octave_base_scale
    written = ast.parse(f"AnchorGenerator({proposal.config()})", mode="eval").body
    values = {word.arg: ast.literal_eval(word.value) for word in written.keywords}
    largest = levels_of(AnchorGenerator(**values))[-1].anchors
    sides = np.sqrt((largest[:, 2:] - largest[:, :2]).prod(axis=1))
    assert sides.max() == pytest.approx(proposal.largest)


def test_it_fits_better_than_anchors_that_do_not():
    boxes, canvases = objects([5, 8, 12])
    usual = anchors(octave_base_scale=4, strides=[8, 16, 32, 64, 128])
    proposal = propose_anchors(boxes, canvases, usual)
    assert proposal.misfits_now == 400 and proposal.misfits < 100


def test_what_fits_is_found_again():
    boxes, canvases = objects([5, 8, 12])
    first = propose_anchors(boxes, canvases, None)
    now = anchors(octave_base_scale=first.octave_base_scale, strides=first.strides)
    again = propose_anchors(boxes, canvases, now)
    assert again.misfits_now == again.misfits == first.misfits


def test_without_objects_and_with_points():
    assert propose_anchors(np.zeros((0, 4)), np.zeros((0, 2)), None) is None
    boxes, canvases = objects([6])
    assert propose_anchors(boxes, canvases, point_priors([4, 8])).misfits_now is None
