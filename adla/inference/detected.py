"""What was found: boxes, scores and labels side by side."""

from dataclasses import dataclass

from numpy import ndarray


@dataclass
class Detected:
    """Detections in one scene.

    Attributes:
        boxes: Shape (N, 4), xyxy in pixels of the scene, float64.
        scores: Shape (N,), in [0, 1].
        labels: Shape (N,), integers.
    """

    boxes: ndarray
    scores: ndarray
    labels: ndarray

    def __len__(self) -> int:
        return len(self.scores)

    def select(self, index: ndarray) -> "Detected":
        """Return some of the detections, by a mask or by indices."""
        return Detected(self.boxes[index], self.scores[index], self.labels[index])
