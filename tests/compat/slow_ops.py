"""The geometric ops written a second time, as loops over single values in float64."""

import math
from itertools import product

import torch
from torch import Tensor


def read(plane: Tensor, y: float, x: float) -> float:
    """RoIAlign's reading of a plane (H, W) between pixels: the border reaches one pixel out."""
    height, width = plane.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    return _mix(plane, y, x, edge=True)


def read_padded(plane: Tensor, y: float, x: float) -> float:
    """Deformable convolution's reading of a plane (H, W): zeros lie around it."""
    return _mix(plane, y, x, edge=False)


def _mix(plane, y, x, edge):
    height, width = plane.shape
    y0, x0 = math.floor(y), math.floor(x)
    total = 0.0
    for i, j in product((0, 1), (0, 1)):
        row, column = y0 + i, x0 + j
        weight = (1 - abs(y - row)) * (1 - abs(x - column))
        if 0 <= row < height and 0 <= column < width:
            total += weight * float(plane[row, column])
        elif edge:
            assert weight == 0
    return total


def roi_align(features, rois, bins, scale, ratio, mode, aligned):
    """(K, C, *bins) of feature maps (B, C, H, W) and regions (K, 5)."""
    features, rois = features.double(), rois.double()
    out = torch.zeros(len(rois), features.size(1), *bins, dtype=torch.float64)
    shift = 0.5 if aligned else 0.0
    for k, roi in enumerate(rois.tolist()):
        x1, y1, x2, y2 = (value * scale - shift for value in roi[1:])
        height, width = y2 - y1, x2 - x1
        if not aligned:
            height, width = max(height, 1.0), max(width, 1.0)
        cell = (height / bins[0], width / bins[1])
        count = [ratio if ratio > 0 else math.ceil(side) for side in cell]
        for c, i, j in product(range(features.size(1)), range(bins[0]), range(bins[1])):
            values = [
                read(
                    features[int(roi[0]), c],
                    y1 + (i + (a + 0.5) / count[0]) * cell[0],
                    x1 + (j + (b + 0.5) / count[1]) * cell[1],
                )
                for a, b in product(range(count[0]), range(count[1]))
            ]
            if values:
                out[k, c, i, j] = max(values) if mode == "max" else sum(values) / len(values)
    return out


def roi_pool(features, rois, bins, scale):
    """(K, C, *bins) of feature maps (B, C, H, W) and regions (K, 5), ends included."""
    features, rois = features.double(), rois.double()
    height, width = features.shape[2:]
    out = torch.zeros(len(rois), features.size(1), *bins, dtype=torch.float64)
    for k, roi in enumerate(rois.tolist()):
        x1, y1 = roi[1] * scale, roi[2] * scale
        w, h = (roi[3] + 1) * scale - x1, (roi[4] + 1) * scale - y1
        if w <= 0 or h <= 0:
            continue
        for i, j in product(range(bins[0]), range(bins[1])):
            top, bottom = math.floor(i * h / bins[0] + y1), math.ceil((i + 1) * h / bins[0] + y1)
            left, right = math.floor(j * w / bins[1] + x1), math.ceil((j + 1) * w / bins[1] + x1)
            rows = [y for y in range(top, bottom) if 0 <= y < height]
            columns = [x for x in range(left, right) if 0 <= x < width]
            for c in range(features.size(1)):
                pixels = [float(features[int(roi[0]), c, y, x]) for y in rows for x in columns]
                out[k, c, i, j] = max(pixels, default=0.0)
    return out


def deform_conv(x, offset, weight, stride, padding, dilation, groups, deform_groups, mask=None):
    """(B, O, oH, oW) without bias; stride, padding and dilation are pairs."""
    batch, channels = x.shape[:2]
    out_channels, per_group, kh, kw = weight.shape
    height, width = offset.shape[2:]
    out = torch.zeros(batch, out_channels, height, width, dtype=torch.float64)
    for b, o, i, j in product(*map(range, out.shape)):
        for p, u, v in product(range(per_group), range(kh), range(kw)):
            c = o // (out_channels // groups) * per_group + p
            tap = c // (channels // deform_groups) * kh * kw + u * kw + v
            move_y, move_x = offset[b, 2 * tap, i, j].item(), offset[b, 2 * tap + 1, i, j].item()
            y = i * stride[0] - padding[0] + u * dilation[0] + move_y
            z = j * stride[1] - padding[1] + v * dilation[1] + move_x
            factor = 1.0 if mask is None else mask[b, tap, i, j].item()
            out[b, o, i, j] += factor * weight[o, p, u, v].item() * read_padded(x[b, c], y, z)
    return out


def carafe(features, masks, kernel, groups, scale):
    """(B, C, scale * H, scale * W)."""
    batch, channels, height, width = features.shape
    out = torch.zeros(batch, channels, height * scale, width * scale, dtype=torch.float64)
    edge = kernel // 2
    for b, c, y, x in product(*map(range, out.shape)):
        group = c // (channels // groups)
        for i, j in product(range(kernel), range(kernel)):
            row, column = y // scale + i - edge, x // scale + j - edge
            if 0 <= row < height and 0 <= column < width:
                tap = (group * kernel + i) * kernel + j
                out[b, c, y, x] += float(features[b, c, row, column]) * float(masks[b, tap, y, x])
    return out


def deformable_attention(value, sizes, locations, weights):
    """(B, Q, heads * dim) of values (B, S, heads, dim) of levels of the given sizes."""
    batch, _, heads, dim = value.shape
    _, queries, _, levels, points, _ = locations.shape
    out = torch.zeros(batch, queries, heads, dim, dtype=torch.float64)
    for b, q, h, level, p, d in product(*map(range, (batch, queries, heads, levels, points, dim))):
        height, width = sizes[level]
        start = sum(a * b for a, b in sizes[:level])
        plane = value[b, start : start + height * width, h, d].reshape(height, width)
        x, y = locations[b, q, h, level, p].tolist()
        read_value = read_padded(plane, y * height - 0.5, x * width - 0.5)
        out[b, q, h, d] += weights[b, q, h, level, p].item() * read_value
    return out.flatten(2)
