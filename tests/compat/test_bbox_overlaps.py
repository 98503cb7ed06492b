"""mmcv's overlaps of boxes and its corner pooling, in plain torch."""

import pytest
import torch
from mmcv.ops import CornerPool, bbox_overlaps
from torchvision.ops import box_iou


def make_boxes(count, seed):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * 40
    return torch.cat([corner, corner + torch.rand(count, 2, generator=generator) * 20], 1)


def overlap(a, b, mode, offset):
    """Of two lists of four numbers."""
    width = min(a[2], b[2]) - max(a[0], b[0]) + offset
    height = min(a[3], b[3]) - max(a[1], b[1]) + offset
    inner = max(width, 0.0) * max(height, 0.0)
    area = [(box[2] - box[0] + offset) * (box[3] - box[1] + offset) for box in (a, b)]
    return inner / (area[0] + area[1] - inner if mode == "iou" else area[0])


@pytest.mark.parametrize("mode", ["iou", "iof"])
@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("offset", [0, 1])
def test_loops(mode, aligned, offset):
    a, b = make_boxes(9, 0).double(), make_boxes(9, 1).double()
    found = bbox_overlaps(a, b, mode, aligned, offset)
    wanted = [[overlap(x, y, mode, offset) for y in b.tolist()] for x in a.tolist()]
    wanted = torch.tensor(wanted, dtype=torch.float64)
    torch.testing.assert_close(found, wanted.diagonal() if aligned else wanted)


def test_torchvision():
    a, b = make_boxes(30, 0), make_boxes(40, 1)
    torch.testing.assert_close(bbox_overlaps(a, b), box_iou(a, b))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_no_boxes(shape):
    assert bbox_overlaps(torch.zeros(shape[0], 4), torch.zeros(shape[1], 4)).shape == shape


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_does_not_overflow(dtype):
    box = torch.tensor([[0, 0, 1000, 1000]], dtype=dtype)  # its area is above float16's 65,504
    half = torch.tensor([[0, 0, 1000, 500]], dtype=dtype)
    assert bbox_overlaps(box, half).item() == 0.5


def test_devices():
    with pytest.raises(ValueError, match="one device"):
        bbox_overlaps(torch.zeros(1, 4), torch.zeros(1, 4, device="meta"))


@pytest.mark.parametrize("mode", ["top", "bottom", "left", "right"])
def test_corner_pool(mode):
    x = torch.randn(2, 3, 4, 5)
    found = CornerPool(mode)(x)
    for i in range(4):
        for j in range(5):
            part = {
                "top": x[:, :, i:, j],
                "bottom": x[:, :, : i + 1, j],
                "left": x[:, :, i, j:],
                "right": x[:, :, i, : j + 1],
            }[mode]
            assert torch.equal(found[:, :, i, j], part.amax(-1))


@pytest.mark.gpu
@pytest.mark.parametrize("mode", ["iou", "iof"])
def test_gpu(mode):
    a, b = make_boxes(30, 0), make_boxes(40, 1)
    found = bbox_overlaps(a.cuda(), b.cuda(), mode).cpu()
    torch.testing.assert_close(found, bbox_overlaps(a, b, mode))
