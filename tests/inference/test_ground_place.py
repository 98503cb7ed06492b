"""Coordinates are tried before anything is detected, and said where they cannot be used."""

import json

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer

from adla.inference.detector import SliceDetector, load_detector_config
from adla.inference.image_readers import open_source
from adla.inference.input_images import find_images
from adla.inference.prediction import Prediction
from adla.inference.resume_log import ResumeLog
from adla.inference.settings import Settings

SETTINGS = Settings(slice_size=128, overlap=30, score_thr=0.001, nms_thr=0)
UTM = dict(crs="EPSG:32632", transform=Affine(0.5, 0, 500_000, 0, -0.5, 5_400_000))
LOCAL = 'LOCAL_CS["site",UNIT["metre",1]]'
MOON = (
    'GEOGCS["Moon",DATUM["D_Moon",SPHEROID["Moon",1737400,0]],PRIMEM["Reference_Meridian",0],'
    'UNIT["degree",0.0174532925199433]]'
)
DISK = "+proj=geos +h=35785831 +lon_0=0 +sweep=y"
GCPS = [
    GroundControlPoint(row, col, 10 + col / 100, 50 - row / 100)
    for row in (0, 70)
    for col in (0, 90)
]
#: Why there is no place -> options of the file.
USELESS = {
    "which has no place on Earth": dict(crs=LOCAL, transform=UTM["transform"]),
    "cannot be turned into longitude and latitude": dict(
        crs=MOON, transform=Affine(0.1, 0, 8, 0, -0.1, 50)
    ),
    "lies nowhere on Earth": dict(crs=DISK, transform=Affine(1000, 0, 9e6, 0, -1000, 9e6)),
    "lies nowhere on Earth by its reference system EPSG:4326": dict(
        crs="EPSG:4326", transform=Affine(1, 0, 0, 0, 1, 91)
    ),
    "has a coordinate reference system, but no geotransform": dict(crs="EPSG:4326"),
}


def place_of(path):
    source = open_source(path)
    source.close()
    return source


@pytest.mark.parametrize("reason", USELESS)
def test_coordinates_that_cannot_be_used_are_found_when_the_file_is_opened(
    write_raster, noise, reason
):
    source = place_of(write_raster(noise, **USELESS[reason]))
    assert source.place is None and reason in source.no_place


def test_ground_control_points_are_used(write_raster, noise):
    source = place_of(write_raster(noise, gcps=GCPS, crs="EPSG:4326"))
    points = source.place.lonlat(np.array([[0, 0], [90, 70], [45, 0]], float))
    assert np.allclose(points, [[10, 50], [10.9, 49.3], [10.45, 50]])


def write_gcps(write_raster, noise, lons):
    """Write a scene of 70 x 90 px whose GCPs have longitudes, left to right, in 2 or 3 rows."""
    columns, rows = np.linspace(0, 90, len(lons)), np.linspace(0, 70, min(len(lons), 3))
    gcps = [
        GroundControlPoint(row, col, lon, 50 - row / 100)
        for row in rows
        for col, lon in zip(columns, lons, strict=True)
    ]
    return write_raster(noise, gcps=gcps, crs="EPSG:4326")


@pytest.mark.parametrize(
    "lons",
    [
        [179.5, -179.5],
        [-180.5, -179.5],
        [179.5, 179.75, -180, -179.75, -179.5],
        [179.5, 180 - 1 / 6, -180 + 1 / 6, -179.5],
    ],
)
def test_ground_control_points_across_the_180th_meridian(write_raster, noise, lons):
    place = place_of(write_gcps(write_raster, noise, lons)).place
    points = place.lonlat(np.array([[0, 0], [45, 35], [90, 70], [0, 70], [90, 0]], float))
    points[:, 0] %= 360
    expected = [[179.5, 50], [180, 49.65], [180.5, 49.3], [179.5, 49.3], [180.5, 50]]
    assert np.allclose(points, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("lons", [[10, 10.9], [-180, 180], [-180, -90, 0, 90, 180], [-170, 5, 170]])
def test_other_ground_control_points_are_used_as_they_are(write_raster, noise, lons):
    path = write_gcps(write_raster, noise, lons)
    pixels = np.random.default_rng(0).uniform(0, 70, (20, 2))
    with rasterio.open(path) as dataset, GCPTransformer(dataset.gcps[0]) as plain:
        expected = np.stack(plain.xy(pixels[:, 1], pixels[:, 0], offset="ul"), axis=1)
    assert (place_of(path).place.lonlat(pixels) == expected).all()


def test_a_turn_has_400_grads(write_raster, noise):
    """NTF (Paris) counts grads from 2.337229 degrees east of Greenwich."""
    gcps = [
        GroundControlPoint(row, col, lon, 50 - row / 100)
        for row in (0, 70)
        for col, lon in ((0, 199.5), (90, -199.5))
    ]
    place = place_of(write_raster(noise, gcps=gcps, crs="EPSG:4807")).place
    ((longitude, latitude),) = place.lonlat(np.array([[45.0, 35]]))
    assert longitude % 360 == pytest.approx(182.337, abs=0.01)
    assert latitude == pytest.approx(0.9 * 49.65, abs=0.01)


def test_a_turned_scene_and_a_picture_have_no_place(tmp_path, write_raster, noise):
    source = place_of(write_raster(noise, "plain.tif"))
    assert source.place is None and source.no_place == "has no coordinate reference system"


def predict(inputs, detector_files, out, formats=None):
    out.mkdir()
    prediction = Prediction(find_images(inputs), SETTINGS, formats)
    config = load_detector_config(detector_files[0])
    detector = SliceDetector(config, detector_files[1], "cpu")
    resume_log = ResumeLog(out / "journal", prediction.describe(config, detector_files[1], "cpu"))
    prediction.detect(detector, resume_log)
    prediction.write(out, detector.classes, [1, 2, 3, 4], resume_log)
    return prediction


def test_a_folder_in_which_some_images_have_coordinates(
    write_raster, noise, detector_files, tmp_path
):
    paths = [
        write_raster(noise, "utm.tif", **UTM),
        write_raster(noise, "gcps.tif", gcps=GCPS, crs="EPSG:4326"),
        write_raster(noise, "local.tif", **USELESS["which has no place on Earth"]),
        write_raster(noise, "plain.png"),
    ]
    prediction = predict([str(path) for path in paths], detector_files, tmp_path / "out")
    features = json.loads((tmp_path / "out/detections.geojson").read_text())["features"]
    counts = prediction.outcome.detections
    assert {each["properties"]["image"] for each in features} == {"utm.tif", "gcps.tif"}
    assert len(features) == counts["utm.tif"] + counts["gcps.tif"] > 0
    assert {note.split(" has ")[0] for note in prediction.notes} == {
        "not in detections.geojson: local.tif",
        "not in detections.geojson: plain.png",
    }
    coco = json.loads((tmp_path / "out/detections.json").read_text())
    assert len(coco["images"]) == 4 and len(coco["annotations"]) == sum(counts.values())


def test_a_scene_without_usable_coordinates_is_noted_before_and_has_the_other_outputs(
    write_raster, noise, detector_files, tmp_path
):
    path = write_raster(noise, **USELESS["which has no place on Earth"])
    prediction = predict([str(path)], detector_files, tmp_path / "out")
    assert len(prediction.notes) == 1 and prediction.outcome.problems == {}
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert names - {".predict_outputs"} == {
        "annotated", "detections.json", "results.json", "detections.png", "journal"
    }  # fmt: skip
    with pytest.raises(
        ValueError, match=r"scene\.tif has .* no place on Earth, so there can be no"
    ):
        Prediction(find_images([str(path)]), SETTINGS, ["geojson"])


def test_detections_beyond_the_disk_of_the_earth_are_counted(
    write_raster, noise, detector_files, tmp_path
):
    transform = Affine(120_000, 0, 0, 0, -120_000, 4.2e6)
    path = write_raster(noise, crs=DISK, transform=transform)
    outcome = predict([str(path)], detector_files, tmp_path / "out").outcome
    features = json.loads((tmp_path / "out/detections.geojson").read_text())["features"]
    lost = outcome.detections["scene.tif"] - len(features)
    assert 0 < lost and outcome.problems == {
        "scene.tif in detections.geojson": f"{lost} of {outcome.detections['scene.tif']} "
        "detections are not on Earth, or around a pole"
    }
