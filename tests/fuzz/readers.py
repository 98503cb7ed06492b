"""Every reader of files that users bring, with a sound file of each and how to damage it."""

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from hypothesis import strategies as st
from mmengine.config import ConfigDict
from torch import nn

from adla.compat.prepare import prepare_stack
from adla.dataset_check.annotations import read_records
from adla.datasets import TinyCocoDataset
from adla.datasets.converters import convert_levir_ship, convert_sirst_v2, convert_visdrone
from adla.evaluation.result_files import load_detections, load_ground_truth
from adla.evaluation.tiny_evaluation import TinyEvaluation
from adla.inference.input_images import ImageFile, adopt_ids
from adla.inference.resume_log import ResumeLog
from adla.inference.scene_detection import collect_scene
from adla.inference.slicing import make_grid
from adla.models.checkpoints import load_weights, read_yolov8

from ..datasets.conftest import write_sample
from ..datasets.converters.aerial import write_visdrone
from ..datasets.converters.levir import write_yolo
from ..models.yolov8_layout import DetectionModel, save
from .byte_damage import damaged_archive, damaged_bytes
from .config_readers import as_python, check, config_contents, predict, sound_config, write_data
from .json_places import damaged
from .sound_json import DT, GT, WRAPPED

JOURNAL = {
    "config": "ab", "images": "cd", "slice_size": 40, "bands": None, "value_range": [0, 255],
    "states": {"0": ["a.png", [12, 34]]},
}  # fmt: skip
META = {
    "meta": {"dataset_meta": {"classes": ["ship", "plane"]}, "epoch": 3, "iter": 12},
    "message_hub": {"runtime_info": {"max_iters": 24}},
}
TABLE = np.array([[1, 2, 9, 9, 0.5, 1, 0], [4, 4, 8, 8, 0.25, 0, 1]], float)
CLASSES = ("ship", "plane")


class Reader(NamedTuple):
    """A reader.

    Attributes:
        name: What it reads, and who.
        file: The file that is damaged, below the folder.
        sound: Its content when it is sound.
        contents: Damaged contents of it.
        read: Reads it, from the folder; what it writes goes below ``out``.
        prepare: Writes what else is needed into a folder.
        is_named: Whether each message must name the file; of a config it may name a key.
    """

    name: str
    file: str
    sound: bytes
    contents: st.SearchStrategy[bytes]
    read: Callable[[Path], Any]
    prepare: Callable[[Path], Any] = lambda folder: None
    is_named: bool = True


def as_json(document: Any) -> bytes:
    return json.dumps(document).encode()


def json_contents(*documents: Any) -> st.SearchStrategy[bytes]:
    return st.one_of(
        *(damaged(document).map(as_json) for document in documents),
        *(damaged_bytes(as_json(document)) for document in documents),
    )


def saved(state: Any, zipped: bool = True) -> bytes:
    """Return what ``torch.save`` writes."""
    file = io.BytesIO()
    torch.save(state, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(2, 1)


def checkpoint_contents() -> st.SearchStrategy[bytes]:
    state = {**META, "state_dict": dict.fromkeys(network().state_dict())}

    def fill(document: Any) -> bytes:
        """Save it with the real weights where their places are left."""
        weights = document.get("state_dict") if isinstance(document, dict) else None
        if isinstance(weights, dict):
            own = network().state_dict()
            for name in weights:
                weights[name] = own.get(name, weights[name])
        return saved(document)

    sound = {**state, "state_dict": network().state_dict()}
    return st.one_of(
        damaged(state).map(fill),
        damaged_archive(saved(sound), "data.pkl"),
        damaged_bytes(saved(sound)),
        damaged_bytes(saved(sound, False)),
    )


def saved_yolov8() -> bytes:
    """Return a detector as ultralytics writes it."""
    with tempfile.TemporaryDirectory() as folder:
        save(DetectionModel().half(), Path(folder) / "y.pt")
        return (Path(folder) / "y.pt").read_bytes()


def yolov8_contents(sound: bytes) -> st.SearchStrategy[bytes]:
    return st.one_of(
        damaged_archive(sound, "data.pkl"), damaged_bytes(sound), checkpoint_contents()
    )


def saved_array(array: np.ndarray, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def journal_rows() -> st.SearchStrategy[bytes]:
    others = [
        TABLE[0], TABLE[:, :6], TABLE.astype(np.float32), TABLE.astype(complex), TABLE * np.nan,
        TABLE * -1, TABLE + 100, np.zeros((0, 7)), np.array(["text"]), np.array(3.0),
    ]  # fmt: skip
    pickled = saved_array(np.array([{"a": 1}], object), pickled=True)
    return st.one_of(
        damaged_bytes(saved_array(TABLE)),
        st.sampled_from([*map(saved_array, others), pickled]),
    )


def write_gt(folder: Path) -> None:
    (folder / "gt.json").write_bytes(as_json(GT))


def evaluate(folder: Path) -> dict[str, float]:
    dataset, truth, _ = load_ground_truth(folder / "gt.json")
    found, _ = load_detections(folder / "dt.json", dataset, truth)
    return TinyEvaluation(truth, found).summarize()


def train_on(folder: Path) -> int:
    dataset = TinyCocoDataset(
        ann_file=str(folder / "gt.json"),
        data_prefix={"img": ""},
        metainfo={"classes": CLASSES},
        pipeline=[],
        serialize_data=False,
    )
    return sum(len(dataset.get_data_info(k)["instances"]) for k in range(len(dataset)))


def adopt(folder: Path) -> Any:
    images = [ImageFile(folder / f"{i}.png", f"{i}.png", i) for i in (1, 3)]
    return adopt_ids(images, CLASSES, folder / "gt.json")


def write_sirst(folder: Path) -> None:
    for name in ("mixed", "annotations/bboxes", "annotations/masks", "splits"):
        (folder / "src" / name).mkdir(parents=True)
    write_sample(folder / "src", "a", [(3, 4, 8, 10)])
    (folder / "src/splits/train.txt").write_text("a\n")


def read_journal(folder: Path) -> Any:
    log = ResumeLog(folder / "log", JOURNAL)
    return collect_scene(make_grid(60, 40, 40, 10), log, 0, len(CLASSES))


def write_journal(folder: Path) -> None:
    log = ResumeLog(folder / "log", JOURNAL)
    log.write((0, 0), TABLE)


CONFIG = ConfigDict(test_dataloader={"dataset": {"metainfo": {"classes": CLASSES}}})
XML = (
    b"<annotation><filename>a</filename><size><width>40</width><height>30</height></size>"
    b"<object><name>Target</name><bndbox><xmin>3</xmin><ymin>4</ymin><xmax>8</xmax>"
    b"<ymax>10</ymax></bndbox></object></annotation>"
)
LABEL = b"0 0.2 0.25 0.125 0.125\n0 0.5 0.5 0.01 0.02\n"
LEVIR = {"train": {"a": [(3.25, 4.5, 9.75, 7.125)]}, "val": {"d": []}, "test": {"e": []}}
VISDRONE_FILE = "src/VisDrone2019-DET-train/annotations/0000002_00005_d_0000014.txt"
VISDRONE_TEXT = b"10,6,4,9,1,4,0,0\n1,2,3,4,0,0,0,1,\n"


def json_readers() -> list[Reader]:
    annotations = json_contents(GT)
    gt, dt = as_json(GT), as_json(DT)
    return [
        Reader("annotation json, eval", "gt.json", gt, annotations,
               lambda folder: load_ground_truth(folder / "gt.json")),
        Reader("annotation json, check", "gt.json", gt, annotations,
               lambda folder: read_records(folder / "gt.json").usable()),
        Reader("annotation json, training", "gt.json", gt, annotations, train_on),
        Reader("annotation json, predict", "gt.json", gt, annotations, adopt),
        Reader("result json", "dt.json", dt, json_contents(DT, WRAPPED), evaluate, write_gt),
    ]  # fmt: skip


def text_readers() -> list[Reader]:
    return [
        Reader("VOC xml, SIRST-V2", "src/annotations/bboxes/a.xml", XML, damaged_bytes(XML),
               lambda folder: convert_sirst_v2(folder / "src", folder / "out", progress=False),
               write_sirst),
        Reader("YOLO txt, LEVIR-Ship", "src/train/labels/a.txt", LABEL, damaged_bytes(LABEL),
               lambda folder: convert_levir_ship(folder / "src", folder / "out", progress=False),
               lambda folder: write_yolo(folder / "src", LEVIR)),
        Reader("txt, VisDrone", VISDRONE_FILE, VISDRONE_TEXT, damaged_bytes(VISDRONE_TEXT),
               lambda folder: convert_visdrone(folder / "src", folder / "out", progress=False),
               lambda folder: write_visdrone(folder / "src")),
    ]  # fmt: skip


def readers() -> list[Reader]:
    """List the readers."""
    prepare_stack()
    config, configs = as_python(sound_config()), config_contents()
    state = saved({**META, "state_dict": network().state_dict()})
    yolov8 = saved_yolov8()
    return [
        *json_readers(),
        *text_readers(),
        Reader("checkpoint", "a.pth", state, checkpoint_contents(),
               lambda folder: load_weights(network(), CONFIG, str(folder / "a.pth"))),
        Reader("checkpoint of YOLOv8", "a.pt", yolov8, yolov8_contents(yolov8),
               lambda folder: read_yolov8(folder / "a.pt")),
        Reader("config, check", "config.py", config, configs, check, write_data, False),
        Reader("config, predict", "config.py", config, configs, predict, write_data, False),
        Reader("journal of predict, settings", "log/settings.json", as_json(JOURNAL),
               json_contents(JOURNAL), read_journal, write_journal),
        Reader("journal of predict, rows", "log/0000000_00000.npy", saved_array(TABLE),
               journal_rows(), read_journal, write_journal),
    ]  # fmt: skip
