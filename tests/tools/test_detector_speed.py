"""How fast a detector is, on the smallest one."""

import time

import pytest
import torch
from mmdet.registry import MODELS

from adla.engine.assigners import find_assigners
from tools.benchmark.detector_speed import measure_speed

from ..config_utils import load


@pytest.mark.slow
def test_a_slow_assigner_shows_in_its_share_and_in_the_training_speed():
    torch.manual_seed(0)
    detector = MODELS.build(load("msla/yolov8-n_pafpn-p2_msla-300e_sirst-v2.py").model)
    detector.init_weights()
    speed = measure_speed(detector, 64, batch_size=2, repeats=1)
    assert speed.images_per_second > 0 and speed.latency > 0
    assert 0 < speed.assigner_share < 1

    (assigner,) = find_assigners(detector).values()
    assign_batch = type(assigner).assign_batch

    def slow(*args, **kwargs):
        time.sleep(3)
        return assign_batch(assigner, *args, **kwargs)

    assigner.assign_batch = slow
    slowed = measure_speed(detector, 64, batch_size=2, repeats=1)
    assert slowed.images_per_second < 2 / 3
    assert slowed.assigner_share > speed.assigner_share
