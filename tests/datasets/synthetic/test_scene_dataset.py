import json

import cv2
import numpy as np
import pytest

from adla.datasets import TinyCocoDataset
from adla.datasets.synthetic import CLASSES, describe_scenes, make_scene, write_scenes
from adla.datasets.synthetic.canvas import Canvas, rectangle
from adla.datasets.synthetic.objects import make_object
from adla.datasets.synthetic.scene import sample_sizes


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp("scenes") / "set"
    return root, write_scenes(root, num_train=6, num_val=2, size=128, seed=3)


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(written, tmp_path):
    root, _ = written
    write_scenes(tmp_path / "again", num_train=6, num_val=2, size=128, seed=3)
    write_scenes(tmp_path / "other", num_train=6, num_val=2, size=128, seed=4)
    assert files_of(root) == files_of(tmp_path / "again")
    other = files_of(tmp_path / "other")
    assert all(other[name] != content for name, content in files_of(root).items())


def test_a_longer_set_begins_like_a_shorter_one(written, tmp_path):
    root, _ = written
    write_scenes(tmp_path / "short", num_train=2, num_val=1, size=128, seed=3)
    for name in ("train_00001.png", "train_00002.png", "val_00001.png"):
        assert (root / "images" / name).read_bytes() == (
            tmp_path / "short" / "images" / name
        ).read_bytes()


def test_coco_file(written):
    root, files = written
    coco = json.loads(files["train"].read_text())
    assert [image["id"] for image in coco["images"]] == [1, 2, 3, 4, 5, 6]
    assert [ann["id"] for ann in coco["annotations"]] == [*range(1, len(coco["annotations"]) + 1)]
    assert [category["name"] for category in coco["categories"]] == list(CLASSES)
    assert all(category["id"] == i for i, category in enumerate(coco["categories"], start=1))
    for ann in coco["annotations"]:
        x, y, w, h = ann["bbox"]
        assert ann["area"] == pytest.approx(w * h, abs=1e-4)
        assert 0 <= x and 0 <= y and x + w <= 128 and y + h <= 128
    image = cv2.imread(str(root / "images" / coco["images"][0]["file_name"]))
    assert image.shape == (128, 128, 3)


def test_dataset_reads_every_box_to_a_ten_thousandth_of_a_pixel(written):
    root, _ = written
    dataset = TinyCocoDataset(
        data_root=str(root),
        ann_file="annotations/train.json",
        data_prefix={"img": "images/"},
        metainfo={"classes": CLASSES},
        pipeline=[],
    )
    for number in range(6):
        scene = make_scene(128, np.random.default_rng([3, 0, number + 1]))
        instances = dataset.get_data_info(number)["instances"]
        assert [instance["bbox_label"] for instance in instances] == scene.labels.tolist()
        boxes = np.reshape([instance["bbox"] for instance in instances], (-1, 4))
        np.testing.assert_allclose(boxes, scene.boxes, atol=2e-4)


def test_sizes_follow_ai_tod():
    draws = [sample_sizes(20, np.random.default_rng([0, i]))[0] for i in range(4000)]
    sizes = np.concatenate(draws)
    assert sizes.mean() == pytest.approx(12.8, abs=0.2)
    assert sizes.std() == pytest.approx(5.9, abs=0.3)
    assert (sizes < 8).mean() == pytest.approx(0.20, abs=0.02)
    assert (sizes < 16).mean() == pytest.approx(0.77, abs=0.02)
    assert sizes.min() >= 2.5 and sizes.max() <= 64


def test_drawn_objects_keep_the_size_distribution_and_stay_apart():
    scenes = [make_scene(160, np.random.default_rng([7, i])) for i in range(40)]
    boxes = np.concatenate([scene.boxes for scene in scenes])
    sizes = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    assert sizes.mean() == pytest.approx(12.8, abs=1.8)
    assert 0.1 < (sizes < 8).mean() < 0.35
    assert any(len(scene.boxes) == 0 for scene in scenes)
    assert set(np.concatenate([scene.labels for scene in scenes])) == {0, 1, 2, 3}
    for scene in scenes:
        lower = np.maximum(scene.boxes[:, None, :2], scene.boxes[None, :, :2])
        upper = np.minimum(scene.boxes[:, None, 2:], scene.boxes[None, :, 2:])
        overlap = np.clip(upper - lower, 0, None).prod(axis=2)
        assert np.triu(overlap, 1).sum() == 0


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("size", [3.0, 7.3, 21.0])
def test_box_is_tight_around_what_is_drawn(name, size):
    rng = np.random.default_rng(5)
    shape = make_object(name, size, angle=0.7, rng=rng)
    assert np.sqrt(np.prod(shape.box[2:] - shape.box[:2])) == pytest.approx(size)
    center = np.array([30.37, 33.81])
    window, mask = Canvas(64, rng).coverage([polygon + center for polygon, _ in shape.parts])
    covered = np.zeros((64, 64))
    covered[window] = mask
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    x0, y0, x1, y1 = shape.box + np.tile(center, 2)
    # A pixel is touched exactly if the box reaches into it by more than the sub-pixel grid, 1/16.
    assert (columns[0], rows[0]) == pytest.approx((np.floor(x0), np.floor(y0)), abs=0)
    assert columns[-1] in (np.ceil(x1) - 1, np.ceil(x1 - 0.07) - 1)
    assert rows[-1] in (np.ceil(y1) - 1, np.ceil(y1 - 0.07) - 1)


def test_coverage_is_the_area_in_each_pixel():
    canvas = Canvas(64, np.random.default_rng(0))
    window, mask = canvas.coverage([rectangle(np.array([10.75, 20.5]), (2.5, 1.0), 0.0)])
    covered = np.zeros((64, 64))
    covered[window] = mask
    assert covered[20, 9:13] == pytest.approx([0.5, 1.0, 1.0, 0.0], abs=0.07)
    assert covered.sum() == pytest.approx(2.5, rel=0.1)


def test_a_failure_leaves_no_folder_and_the_next_try_works(tmp_path):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_scenes(tmp_path / "set", 1, 1, 64, on_image=stop)
    assert not (tmp_path / "set").exists()
    write_scenes(tmp_path / "set", 1, 1, 64)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_train": 0}, "num_train=0"),
        ({"num_val": 0}, "num_val=0"),
        ({"seed": -1}, "seed=-1"),
        ({"size": 32}, "at least 64 pixels, but got 32"),
    ],
)
def test_wrong_numbers_are_named(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        write_scenes(tmp_path / "set", **options)
    assert not (tmp_path / "set").exists()


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(FileExistsError, match="is not empty"):
        write_scenes(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_description_counts(written):
    _, files = written
    coco = json.loads(files["val"].read_text())
    text = describe_scenes(files["val"])
    assert "2 images" in text and f"{len(coco['annotations'])} objects" in text
