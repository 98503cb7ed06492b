import cv2
import numpy as np
import torch

from adla.visualization.candidates import save_candidates
from adla.visualization.figure import GREEN, ORANGE


def count(picture, color):
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
    return int((np.abs(picture[..., ::-1].astype(int) - rgb).sum(-1) < 12).sum())


def test_the_picture_shows_what_overlaps_and_what_is_only_compared(tmp_path):
    y, x = torch.meshgrid(torch.arange(0, 96.0, 8), torch.arange(0, 96.0, 8), indexing="ij")
    anchors = torch.stack([x, y, x + 16, y + 16], dim=-1).view(-1, 4)
    near, far = [44.0, 44, 52, 52], [300.0, 300, 305, 305]
    green = []
    for box in (near, far):
        gts = torch.tensor([box, [4, 80, 9, 85]])
        path = save_candidates(tmp_path / "a.png", anchors, gts, 0, {"P3": slice(0, 144)})
        picture = cv2.imread(str(path))
        green.append(count(picture, GREEN))
        assert count(picture, ORANGE) > 0
    # Nine corners lie between 28 and 52 on both axes; the legend has one dot of each color.
    assert green[0] > 2 * green[1] > 0
