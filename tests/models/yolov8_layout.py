"""A YOLOv8 network laid out as ultralytics' files are: its module names, written from the paper.

Not ultralytics' code: plain torch, with a forward pass, so that renamed weights can be compared.
``save`` pickles it under ultralytics' class names, which then no package provides.
"""

import sys
import types
from contextlib import contextmanager

import torch
from torch import nn


class Conv(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(c2, eps=1e-3, momentum=0.03)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    def __init__(self, c, add):
        super().__init__()
        self.cv1, self.cv2, self.add = Conv(c, c, 3), Conv(c, c, 3), add

    def forward(self, x):
        out = self.cv2(self.cv1(x))
        return x + out if self.add else out


class C2f(nn.Module):
    def __init__(self, c1, c2, n=1, add=False):
        super().__init__()
        self.cv1 = Conv(c1, c2)
        self.cv2 = Conv((2 + n) * (c2 // 2), c2)
        self.m = nn.ModuleList(Bottleneck(c2 // 2, add) for _ in range(n))

    def forward(self, x):
        parts = list(self.cv1(x).split(self.cv1.conv.out_channels // 2, 1))
        for block in self.m:
            parts.append(block(parts[-1]))
        return self.cv2(torch.cat(parts, 1))


class SPPF(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.cv1, self.cv2 = Conv(c, c // 2), Conv(2 * c, c)

    def forward(self, x):
        parts = [self.cv1(x)]
        for _ in range(3):
            parts.append(nn.functional.max_pool2d(parts[-1], 5, 1, 2))
        return self.cv2(torch.cat(parts, 1))


class DFL(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 1, 1, bias=False).requires_grad_(False)
        self.conv.weight.data[:] = torch.arange(16.0)[None, :, None, None]


class Detect(nn.Module):
    def __init__(self, nc, channels):
        super().__init__()
        c2, c3 = max(channels[0] // 4, 64), max(channels[0], min(nc, 100))

        def tower(c1, c, out):
            return nn.Sequential(Conv(c1, c, 3), Conv(c, c, 3), nn.Conv2d(c, out, 1))

        self.cv2 = nn.ModuleList(tower(c, c2, 64) for c in channels)
        self.cv3 = nn.ModuleList(tower(c, c3, nc) for c in channels)
        self.dfl = DFL()


class DetectionModel(nn.Module):
    """YOLOv8 n, P3 to P5 or P2 to P5, at a quarter of its channels."""

    def __init__(self, nc=3, p2=False):
        super().__init__()
        a, b, c, d, e = 8, 8, 16, 32, 64
        layers = [Conv(3, a, 3, 2), Conv(a, b, 3, 2), C2f(b, b, 1, True)]
        layers += [Conv(b, c, 3, 2), C2f(c, c, 2, True), Conv(c, d, 3, 2), C2f(d, d, 2, True)]
        layers += [Conv(d, e, 3, 2), C2f(e, e, 1, True), SPPF(e)]
        way = [nn.Upsample(scale_factor=2), nn.Identity()]
        layers += [*way, C2f(e + d, d), *way, C2f(d + c, c)]
        levels = [c, d, e]
        if p2:
            layers += [*way, C2f(c + b, b), Conv(b, b, 3, 2), nn.Identity(), C2f(b + c, c)]
            levels = [b, *levels]
        layers += [Conv(c, c, 3, 2), nn.Identity(), C2f(c + d, d)]
        layers += [Conv(d, d, 3, 2), nn.Identity(), C2f(d + e, e)]
        self.model = nn.Sequential(*layers, Detect(nc, levels))
        self.p2 = p2
        self.names, self.args = {i: str(i) for i in range(nc)}, types.SimpleNamespace(lr0=0.01)

    def forward(self, x):
        """Return box and class logits, level by level."""
        layers, maps = list(self.model), []
        for layer in layers[:10]:
            x = layer(x)
            maps.append(x)
        levels = [maps[2], maps[4], maps[6], maps[9]][0 if self.p2 else 1 :]
        rest = [layer for layer in layers[10:-1] if not isinstance(layer, nn.Identity)]
        rest = [layer for layer in rest if not isinstance(layer, nn.Upsample)]
        for i in reversed(range(len(levels) - 1)):
            above = nn.functional.interpolate(levels[i + 1], scale_factor=2)
            levels[i] = rest.pop(0)(torch.cat([above, levels[i]], 1))
        for i in range(1, len(levels)):
            down = rest.pop(0)(levels[i - 1])
            levels[i] = rest.pop(0)(torch.cat([down, levels[i]], 1))
        head = layers[-1]
        pairs = zip(levels, head.cv2, head.cv3, strict=True)
        return [(box(level), cls(level)) for level, box, cls in pairs]


@contextmanager
def as_ultralytics():
    """Let the classes be pickled as those of a package that is not installed."""
    homes = {
        "ultralytics": [],
        "ultralytics.nn": [],
        "ultralytics.nn.tasks": [DetectionModel],
        "ultralytics.nn.modules": [Conv, C2f, Bottleneck, SPPF, Detect, DFL],
    }
    for module, classes in homes.items():
        sys.modules[module] = types.ModuleType(module)
        for cls in classes:
            cls.__module__ = module
            setattr(sys.modules[module], cls.__name__, cls)
    try:
        yield
    finally:
        for module, classes in homes.items():
            del sys.modules[module]
            for cls in classes:
                cls.__module__ = __name__


def scattered(model, seed=0):
    """Give all weights and statistics values of their own, in half precision as in the files."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.is_floating_point() and "dfl" not in name:
            noise = torch.rand(tensor.shape, generator=generator)
            tensor.data.copy_((0.5 + noise if "var" in name else noise - 0.5).half())
    return model.eval()


def save(model, path, **others):
    with as_ultralytics():
        torch.save(dict(epoch=-1, model=model, ema=None, date="x", **others), path)
