"""Time and peak memory of the AI-TOD metric on a synthetic test set as large as AI-TOD's.

Each engine runs in a process of its own. pycocotools needs the better part of an hour at full size.
Example: ``python tools/benchmark/evaluation.py --images 200``
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from adla.evaluation.box_arrays import Detections, GroundTruth
from adla.evaluation.tiny_evaluation import TinyEvaluation

AITOD_IMAGES = 14_018
OBJECTS_PER_IMAGE = 25
DETECTIONS_PER_IMAGE = 300
MOST_OBJECTS = 2500
SIDE = 800
#: Logarithm of the sides: 12.8 px on average with a standard deviation of 5.9 px.
LOG_SIDE = (2.453, 0.439)
#: Nearly nine of ten objects of AI-TOD are vehicles.
CLASSES = {
    "airplane": 0.002, "bridge": 0.002, "storage-tank": 0.018, "ship": 0.05,
    "swimming-pool": 0.001, "vehicle": 0.88, "person": 0.046, "wind-mill": 0.001,
}  # fmt: skip


def make_test_set(images: int, seed: int = 0) -> tuple[GroundTruth, Detections]:
    """Draw objects and detections: jittered objects, and false alarms up to 300 per image."""
    rng = np.random.default_rng(seed)
    counts = rng.lognormal(0, 1.2, images)
    counts = (counts * OBJECTS_PER_IMAGE / counts.mean()).astype(int).clip(1, MOST_OBJECTS)
    image = np.repeat(np.arange(images), counts)
    boxes, classes = _draw(rng, len(image))
    truth = GroundTruth(
        list(range(images)), list(CLASSES), image, classes, boxes, boxes[:, 2:].prod(1),
        np.zeros(len(image), bool),
    )  # fmt: skip
    hit = np.flatnonzero(rng.random(len(image)) < 0.8)
    noise = rng.normal(0, 0.1, (len(hit), 4)) * np.tile(boxes[hit, 2:], 2)
    alarms = DETECTIONS_PER_IMAGE * images - len(hit)
    false_boxes, false_classes = _draw(rng, alarms)
    scores = np.concatenate([rng.beta(4, 3, len(hit)), rng.beta(1, 6, alarms)]).round(3)
    detections = Detections(
        np.concatenate([np.maximum(boxes[hit] + noise, 0.5), false_boxes]),
        scores,
        np.concatenate([classes[hit], false_classes]),
        np.concatenate([image[hit], rng.integers(0, images, alarms)]),
    )
    return truth, detections


def _draw(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    sides = rng.lognormal(*LOG_SIDE, (count, 2))
    corners = rng.uniform(0, SIDE - 50, (count, 2))
    return np.hstack([corners, sides]), rng.choice(len(CLASSES), count, p=list(CLASSES.values()))


def measure(engine: str, images: int, seed: int) -> dict:
    """Evaluate in this process and return the numbers and the seconds."""
    truth, detections = make_test_set(images, seed)
    start, cpu_start = time.perf_counter(), time.process_time()
    numbers = TinyEvaluation(truth, detections, engine=engine).summarize()
    return {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu_start,
        "numbers": numbers,
        "objects": len(truth.images),
        "detections": len(detections.scores),
    }


def measure_apart(engine: str, images: int, seed: int) -> dict:
    """Evaluate in a process of its own, which also gives its peak memory in GiB."""
    command = [sys.executable, __file__, "--images", str(images), "--seed", str(seed)]
    with subprocess.Popen([*command, "--child", engine], stdout=subprocess.PIPE) as child:
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"evaluation: engine {engine} ended with exit code {child.returncode}")
    return {**json.loads(output), "gib": usage.ru_maxrss / 2**20}


def show(results: dict[str, dict], images: int) -> Table:
    """Compare the engines."""
    first = next(iter(results.values()))
    title = f"{images:,} images, {first['objects']:,} objects, {first['detections']:,} detections"
    table = Table("engine", "seconds", "CPU s", "faster", "peak GiB", "AP", "oLRP", title=title)
    slowest = max(result["seconds"] for result in results.values())
    for engine, result in results.items():
        table.add_row(
            engine, f"{result['seconds']:.1f}", f"{result['cpu_seconds']:.1f}",
            f"{slowest / result['seconds']:.0f}",
            f"{result['gib']:.2f}", *(f"{result['numbers'][key]:.6f}" for key in ("AP", "oLRP")),
        )  # fmt: skip
    return table


def main() -> None:
    """Run the engines one after another and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=AITOD_IMAGES, help="default: as AI-TOD")
    parser.add_argument("--engines", nargs="+", default=["hotcoco", "pycocotools"])
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same boxes")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.images < 1:
        parser.error(f"--images must be at least 1, but got {args.images}")
    if args.child:
        print(json.dumps(measure(args.child, args.images, args.seed)))
        return
    results = {engine: measure_apart(engine, args.images, args.seed) for engine in args.engines}
    console = Console()
    console.print(show(results, args.images))
    numbers = [result["numbers"] for result in results.values()]
    furthest = max(
        max(n[key] for n in numbers) - min(n[key] for n in numbers) for key in numbers[0]
    )
    console.print(f"largest difference between the engines in any number: {furthest:.1e}")
    if furthest > 1e-6:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
