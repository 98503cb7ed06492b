"""The network of a detector as an ONNX file: image in, every box and its scores out."""

from pathlib import Path

import torch
from mmdet.models.detectors import SingleStageDetector
from torch import Tensor, nn

from adla.atomic_files import atomic_path

TOLERANCE = 1e-4
#: What varies in a dynamic file.
DYNAMIC_AXES = {
    "image": {0: "batch", 2: "height", 3: "width"},
    "boxes": {0: "batch", 1: "points"},
    "scores": {0: "batch", 1: "points"},
}


class DeployGraph(nn.Module):
    """Backbone, neck and head of a detector whose head decodes boxes in the graph.

    It starts after the data preprocessor (an image is normalized and padded) and ends before NMS.

    Raises:
        ValueError: The detector's head has no ``decode``.
    """

    def __init__(self, detector: SingleStageDetector) -> None:
        super().__init__()
        head = getattr(detector, "bbox_head", None)
        if not hasattr(head, "decode"):
            raise ValueError(
                f"ONNX export needs a head that decodes its boxes, such as MSLAHead, but the "
                f"detector has {type(head).__name__}"
            )
        self.detector = detector
        self.eval()

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, 3, H, W) to boxes (B, P, 4), xyxy in pixels, and scores (B, P, classes)."""
        return self.detector.bbox_head.decode(*self.detector(image, mode="tensor"))


def export_onnx(
    detector: SingleStageDetector,
    path: str | Path,
    size: tuple[int, int],
    opset: int = 17,
    dynamic: bool = False,
) -> float:
    """Write the deploy graph and check it against torch.

    Args:
        detector: The detector on the CPU; it is in evaluation mode afterwards.
        path: The file to write; nothing is left there where the check fails.
        size: Width and height of the network's input in pixels.
        opset: ONNX operator set.
        dynamic: Whether the file takes any batch, width and height, or one image of this size.

    Returns:
        The largest difference of ONNX Runtime from torch on random images, relative to the value
        where that is above 1. A dynamic file is compared at three sizes and batches.

    Raises:
        ValueError: The size does not suit the detector, or the two differ by more than 1e-4.
    """
    divisor = detector.data_preprocessor.pad_size_divisor
    if any(side <= 0 or side % divisor for side in size):
        raise ValueError(
            f"the width and height of the network's input must be multiples of {divisor} px, but "
            f"got {size[0]} x {size[1]}"
        )
    graph = DeployGraph(detector)
    generator = torch.Generator().manual_seed(0)
    width, height = size
    shapes = [(1, 3, height, width)]
    if dynamic:
        shapes += [(2, 3, width + divisor, height), (3, 3, divisor, 2 * width)]
    images = [torch.randn(shape, generator=generator) for shape in shapes]
    path = Path(path)
    with atomic_path(path) as draft:
        torch.onnx.export(
            graph,
            (images[0],),
            str(draft),
            input_names=["image"],
            output_names=["boxes", "scores"],
            opset_version=opset,
            dynamo=False,
            dynamic_axes=DYNAMIC_AXES if dynamic else None,
        )
        difference = max(compare(graph, draft, image) for image in images)
        if not difference <= TOLERANCE:
            raise ValueError(
                f"ONNX Runtime differs from torch by {difference:.2g}, more than {TOLERANCE:g}; "
                f"{path} is not written"
            )
    return difference


def compare(graph: nn.Module, path: Path, image: Tensor) -> float:
    """Return the largest relative difference of an ONNX file from the graph it was made of."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = session.run(None, {"image": image.numpy()})
    with torch.no_grad():
        wanted = graph(image)
    pairs = [(torch.from_numpy(a), b) for a, b in zip(found, wanted, strict=True)]
    return max(float(((a - b).abs() / b.abs().clamp(min=1)).max()) for a, b in pairs)
