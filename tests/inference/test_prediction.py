import json
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from PIL import Image

from adla.inference import prediction_outputs
from adla.inference.detector import SliceDetector, load_detector_config
from adla.inference.image_readers import RowBuffer, open_source
from adla.inference.input_images import find_images
from adla.inference.prediction import Prediction
from adla.inference.raster_reader import UnreadableImage
from adla.inference.result_writers import JsonList
from adla.inference.resume_log import ResumeLog
from adla.inference.settings import Settings
from tests.datasets.image_kinds import write_picture, write_tiff

SETTINGS = Settings(slice_size=128, overlap=30, score_thr=0.001, nms_thr=0)


@pytest.fixture(scope="module")
def detector(detector_files):
    return SliceDetector(load_detector_config(detector_files[0]), detector_files[1], "cpu")


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(1)
    root = tmp_path / "images"
    root.mkdir()
    for name, shape in (("a.png", (150, 230, 3)), ("b.png", (64, 64, 3))):
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(root / name)
    return root


def predict(
    folder, detector, detector_files, out, formats=("coco", "results"), **options
):  # fmt: skip
    out.mkdir(exist_ok=True)
    prediction = Prediction(find_images([str(folder)], out), SETTINGS, formats)
    config = load_detector_config(detector_files[0])
    resume_log = ResumeLog(out / "journal", prediction.describe(config, detector_files[1], "cpu"))
    prediction.detect(detector, resume_log, **options)
    prediction.write(out, detector.classes, [1, 2, 3, 4], resume_log)
    return prediction.outcome


def test_a_killed_run_goes_on_and_gives_the_same(folder, detector, detector_files, tmp_path):
    predict(folder, detector, detector_files, tmp_path / "whole")
    seen, more = [], []

    def die(count):
        seen.append(count)
        if sum(seen) >= 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict(folder, detector, detector_files, tmp_path / "torn", on_slices=die)
    assert not (tmp_path / "torn/detections.json").exists()
    rows = sorted((tmp_path / "torn/journal").glob("*.npy"))
    before = {row: row.stat().st_mtime_ns for row in rows}
    predict(folder, detector, detector_files, tmp_path / "torn", on_slices=more.append)
    assert len(rows) >= 1 and before == {row: row.stat().st_mtime_ns for row in rows}
    assert sum(more) == 3 * 2 + 1
    for name in ("detections.json", "results.json"):
        assert (tmp_path / "torn" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_pictures_of_a_killed_run_are_no_images(
    folder, detector, detector_files, tmp_path, monkeypatch
):
    """It is stopped at each of its pictures; outputs lie beside the images, or below them."""
    save, count = prediction_outputs.save_annotated, 0

    def die(*arguments):
        nonlocal count
        count -= 1
        if count < 0:
            raise KeyboardInterrupt
        save(*arguments)

    Image.new("RGB", (40, 40)).save(folder / "c.png")
    monkeypatch.setattr(prediction_outputs, "save_annotated", die)
    names = ["a.png", "b.png", "c.png"]
    for out in (folder, folder / "below"):
        for done in range(3):
            count = done
            with pytest.raises(KeyboardInterrupt):
                predict(folder, detector, detector_files, out, None)
            assert len(list((out / "annotated").glob("*.png"))) == done
            for other in (out, tmp_path, None):
                assert [image.name for image in find_images([str(folder)], other)] == names
        count = 3
        outcome = predict(folder, detector, detector_files, out, None)
        assert sorted(outcome.detections) == names and outcome.problems == {}
        assert len(list((out / "annotated").glob("*.png"))) == 3


def test_what_is_left_out_is_counted(folder, detector, detector_files, tmp_path):
    """A journal of four boxes: one twice in a slice, again in the next, and one that is alone."""
    prediction = Prediction(find_images([str(folder / "a.png")]), replace(SETTINGS, nms_thr=0.5))
    config = load_detector_config(detector_files[0])
    log = ResumeLog(tmp_path / "log", prediction.describe(config, detector_files[1], "cpu"))
    boxes = [(105, 20, 115, 30), (106, 21, 113, 28), (105, 21, 115, 30), (150, 40, 190, 80)]
    rows = [(*box, 0.9 - k / 10, 0, int(k > 1)) for k, box in enumerate(boxes)]
    (grid,) = prediction.grids.values()
    for row in range(len(grid.rows)):
        log.write((0, row), np.array(rows if row == 0 else []).reshape(-1, 7))
    prediction.write(tmp_path, detector.classes, [1, 2, 3, 4], log)
    outcome = prediction.outcome
    assert (outcome.detections, outcome.nested, outcome.joined) == ({"a.png": 2}, 1, 1)


def test_a_journal_goes_on_whatever_joins_its_slices(folder, detector_files):
    config, images = load_detector_config(detector_files[0]), find_images([str(folder)])
    described = [
        Prediction(images, replace(SETTINGS, **change)).describe(config, detector_files[1], "cpu")
        for change in ({}, {"size_ratio": 9, "merge_by_class": True, "merge_thr": 0.9})
    ]
    assert described[0] == described[1]


def test_another_image_or_detector_is_not_mixed_in(folder, detector, detector_files, tmp_path):
    predict(folder, detector, detector_files, tmp_path / "out")
    Image.open(folder / "b.png").rotate(180).save(folder / "b.png")
    with pytest.raises(ValueError, match=r"other settings \(images: .*b\.png has changed\)"):
        predict(folder, detector, detector_files, tmp_path / "out")


def test_a_broken_image_is_named_and_the_others_go_on(folder, detector, detector_files, tmp_path):
    whole = (folder / "b.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "no.png").write_text("text")
    outcome = predict(folder, detector, detector_files, tmp_path / "out")
    assert set(outcome.problems) == {"cut.png", "no.png"}
    assert set(outcome.detections) == {"a.png", "b.png"}
    coco = json.loads((tmp_path / "out/detections.json").read_text())
    assert [image["file_name"] for image in coco["images"]] == ["a.png", "b.png"]
    assert len(coco["annotations"]) == sum(outcome.detections.values())


def test_whatever_is_wrong_with_files_the_others_are_done_and_the_log_goes_on(
    folder, detector, detector_files, tmp_path
):
    """Complex rasters, damage of any kind: a line for each; once mended, it alone is done anew."""
    for name in ("complex64", "complex_int16", "five", "uint32"):
        write_tiff(folder, name)
    whole, shared = (folder / "a.png").read_bytes(), tmp_path / "out"
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").touch()
    outcome = predict(folder, detector, detector_files, shared)
    bad = {"complex64.tif", "complex_int16.tif", "five.tif", "uint32.tif", "cut.png", "empty.jpg"}
    assert set(outcome.problems) == bad and set(outcome.detections) == {"a.png", "b.png"}
    assert all(name in line and "\n" not in line for name, line in outcome.problems.items())
    assert "holds complex64 values, which have no gray" in outcome.problems["complex64.tif"]
    (folder / "cut.png").write_bytes(whole)
    before = {row: row.stat().st_mtime_ns for row in (shared / "journal").glob("*.npy")}
    outcome = predict(folder, detector, detector_files, shared)
    assert set(outcome.detections) == {"a.png", "b.png", "cut.png"}
    after = {row: row.stat().st_mtime_ns for row in (shared / "journal").glob("*.npy")}
    assert len(before) == 3 and len(after) == 5 and before.items() <= after.items()


@pytest.mark.parametrize(
    "name", ["rgb.png", "rgb.jpg", "rgb.bmp", "rgb.webp", "rgb.jp2", "rgb.tif"]
)
def test_no_damage_raises_anything_but_one_line_about_the_file(tmp_path, name):
    rng, path = np.random.default_rng(3), tmp_path / name
    whole = np.frombuffer((write_tiff(tmp_path, "rgb") if name == "rgb.tif" else
                           write_picture(tmp_path, name)).read_bytes(), np.uint8)  # fmt: skip
    read = 0
    for trial in range(60):
        damaged = whole.copy()
        places = rng.integers(0, min(len(whole), (40, 400, len(whole))[trial % 3]), 1 + trial % 5)
        damaged[places] = rng.integers(0, 256, len(places))
        end = len(whole) if trial % 4 else rng.integers(0, len(whole))
        path.write_bytes(damaged[:end].tobytes())
        try:
            with closing(open_source(path)) as source:
                rows, valid = RowBuffer(source).read(0, min(source.height, 64))
        except UnreadableImage as error:
            assert name in str(error) and len(str(error).splitlines()) == 1
        else:
            assert rows.shape[:2] == valid.shape and rows.dtype == np.uint8
            read += 1
    assert read < 60


def test_a_scene_whose_row_of_slices_is_too_large_is_named(folder, tmp_path):
    options = dict(count=3, dtype="uint8", sparse_ok=True, tiled=True, bigtiff="yes")
    with rasterio.open(
        folder / "wide.tif", "w", driver="GTiff", width=20_000_000, height=200, **options
    ):
        pass
    outcome = Prediction(find_images([str(folder)]), SETTINGS).outcome
    assert list(outcome.problems) == ["wide.tif"]
    assert "128 px high, would take 10 GB" in outcome.problems["wide.tif"]


def test_ground_without_data_is_not_looked_at(write_raster, detector, detector_files, tmp_path):
    values = np.random.default_rng(0).integers(1, 256, (3, 128, 400), dtype=np.uint8)
    values[:, :, 98:] = 0
    path = write_raster(values, nodata=0, crs="EPSG:32632")
    outcome = predict(path, detector, detector_files, tmp_path / "out")
    assert outcome.detections == {"scene.tif": 12}
    boxes = json.loads((tmp_path / "out/results.json").read_text())
    assert max(each["bbox"][0] for each in boxes) < 128


def test_geojson_of_a_picture_is_refused(folder):
    with pytest.raises(ValueError, match=r"a\.png has no coordinate reference system.*2 of 2"):
        Prediction(find_images([str(folder)]), SETTINGS, ["geojson"])


def test_nothing_to_predict_for_is_an_error(tmp_path):
    (tmp_path / "no.png").write_text("text")
    with pytest.raises(ValueError, match=r"no\.png is not a readable image"):
        Prediction(find_images([str(tmp_path)]), SETTINGS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score_thr": 1.5}, r"--score-thr must lie in \[0, 1\], but got 1\.5"),
        ({"score_thr": float("nan")}, "--score-thr"),
        ({"nms_thr": 2}, r"--nms-thr must lie in \[0, 1\], but got 2"),
        ({"merge_thr": 0}, r"--merge-thr must lie in \(0, 1\], but got 0"),
        ({"merge_metric": "giou"}, "--merge-metric .*'giou'"),
        ({"size_ratio": 0.5}, "--size-ratio must be at least 1, or 0 for any, but got 0.5"),
        ({"size_ratio": float("nan")}, "--size-ratio"),
        ({"batch_size": 0}, "--batch-size must be at least 1"),
        ({"value_range": (5, 5)}, "--value-range wants LOW below HIGH"),
    ],
)
def test_settings_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(800, 160, **options)


def blocked(out, name):
    """Put something in the way of an output: a file for a folder, a folder for a file."""
    out.mkdir()
    if name == "annotated":
        (out / name).touch()
    else:
        (out / name / "own").mkdir(parents=True)


@pytest.mark.parametrize(
    "name", ["detections.json", "results.json", "detections.geojson", "detections.png"]
)
def test_an_output_that_cannot_be_written_is_named_and_the_others_are_whole(
    folder, detector, detector_files, tmp_path, write_raster, noise, name
):
    write_raster(noise, "images/utm.tif", crs="EPSG:32632", transform=(1, 0, 5e5, 0, -1, 5e6))
    whole, out = tmp_path / "whole", tmp_path / "out"
    predict(folder, detector, detector_files, whole, None)
    blocked(out, name)
    outcome = predict(folder, detector, detector_files, out, None)
    assert list(outcome.problems) == [name] and "Is a directory" in outcome.problems[name]
    names = {"detections.json", "results.json", "detections.geojson", "detections.png"} - {name}
    assert {file.name for file in outcome.files} == names | {"annotated"}
    for other in names:
        assert (out / other).read_bytes() == (whole / other).read_bytes()
    assert not list(out.glob(".*.tmp"))


def test_annotated_images_that_cannot_be_written_stop_no_other_output(
    folder, detector, detector_files, tmp_path
):
    out = tmp_path / "out"
    blocked(out, "annotated")
    outcome = predict(folder, detector, detector_files, out, None)
    assert list(outcome.problems) == ["a.png in annotated", "b.png in annotated"]
    names = ["detections.json", "results.json", "detections.png"]
    assert [file.name for file in outcome.files] == names
    assert all(file.is_file() for file in outcome.files)


def test_pictures_are_not_written_if_no_list_of_them_can_be(
    folder, detector, detector_files, tmp_path
):
    blocked(tmp_path / "out", ".predict_outputs")
    outcome = predict(folder, detector, detector_files, tmp_path / "out", None)
    assert list(outcome.problems) == ["detections.png", "annotated"]
    assert [file.name for file in outcome.files] == ["detections.json", "results.json"]


def test_a_full_disk_fails_one_list_and_what_an_image_lacks_fails_no_other_image(
    folder, detector, detector_files, tmp_path, write_raster, noise, monkeypatch
):
    """The disk takes no result beyond the first; one image of two has no features."""
    for name in ("utm.tif", "bad.tif"):
        write_raster(noise, f"images/{name}", crs="EPSG:32632", transform=(1, 0, 5e5, 0, -1, 5e6))
    add, features = JsonList.add, prediction_outputs.geojson_features

    def add_until_full(self, items):
        add(self, items[:1])
        if "score" in items[0] and "area" not in items[0]:
            raise OSError(28, "No space left on device")
        add(self, items[1:])

    def fail(found, image, *arguments):
        if image == "bad.tif":
            raise RuntimeError("PROJ says no\nin two lines")
        return features(found, image, *arguments)

    monkeypatch.setattr(JsonList, "add", add_until_full)
    monkeypatch.setattr(prediction_outputs, "geojson_features", fail)
    out = tmp_path / "out"
    outcome = predict(folder, detector, detector_files, out, None)
    assert outcome.problems == {
        "bad.tif in detections.geojson": "PROJ says no",
        "results.json": "[Errno 28] No space left on device",
    }
    places = json.loads((out / "detections.geojson").read_text())["features"]
    assert {each["properties"]["image"] for each in places} == {"utm.tif"}
    assert len(places) == outcome.detections["utm.tif"] > 1
    annotations = json.loads((out / "detections.json").read_text())["annotations"]
    assert len(annotations) == sum(outcome.detections.values())
    assert not (out / "results.json").exists() and not list(out.glob(".*.tmp"))
    assert len(outcome.detections) == len(list((out / "annotated").iterdir())) == 4
