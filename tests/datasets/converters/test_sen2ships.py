import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from adla.datasets import Sen2ShipsDataset
from adla.datasets.converters import convert_sen2ships
from adla.datasets.converters.sen2ships import choose_tiles
from adla.datasets.converters.sen2ships_read import Scene
from adla.datasets.converters.sen2ships_scenes import REFERENCE_EMPTY
from adla.datasets.converters.tiles import tile_starts, visible_boxes

from .aerial import HARBORS, band_path, pixels, sen2ships_json, write_band, write_sen2ships
from .damage import check_damages, damage_json, result_or_message, thorough


@pytest.fixture
def source(tmp_path):
    return write_sen2ships(tmp_path / "src")


def convert(src, out, **kwargs):
    return convert_sen2ships(src, out, progress=False, **kwargs)


def load(out, split):
    return json.loads((out / f"{split}.json").read_text())


def tile_pixels(out, name):
    return np.asarray(Image.open(out / "images" / f"{name}.png"))


def test_tiles_by_harbor(source, tmp_path):
    report = convert(source, tmp_path / "out", tile=64)
    train, val = load(tmp_path / "out", "train"), load(tmp_path / "out", "val")
    # Busan is 120 x 90, tiles begin every 48 px: (0, 48, 56) x (0, 26).
    names = [image["file_name"] for image in train["images"]]
    assert names == [
        f"images/busan_{place}.png" for place in ("0_0", "48_0", "56_0", "48_26", "56_26", "0_26")
    ], "those without a ship, a quarter as many, come last"
    assert [image["id"] for image in train["images"]] == [1, 2, 3, 4, 5, 6]
    assert train["images"][0] == {
        "id": 1,
        "file_name": "images/busan_0_0.png",
        "width": 64,
        "height": 64,
        "split": "train",
        "port": "busan",
    }
    boxes = [(ann["image_id"], ann["bbox"]) for ann in train["annotations"]]
    assert boxes == [
        (1, [4, 5, 9, 6]),
        (2, [12, 40, 12, 5]),
        (3, [4, 40, 12, 5]),
        (4, [12, 14, 12, 5]),
        (4, [32, 44, 3, 3]),
        (5, [4, 14, 12, 5]),
        (5, [24, 44, 3, 3]),
    ]
    assert {image["port"] for image in val["images"]} == {"athens", "santos"}
    assert val["annotations"][0]["id"] == 8 and val["images"][0]["id"] == 7
    assert train["categories"] == val["categories"] == [{"id": 1, "name": "ship"}]
    assert report.splits["train"]["boxes"] == 7
    assert report.notes == [
        "santos: no band B02 in the repository, B03 instead",
        "tokyo: left out, the repository has no image of it",
        "not in the json, but published: algiers, cartagena, casablanca, durban, gdynia, genoa, "
        "hedland, honolulu, klang, marseille, qingdao, san_francisco, valencia",
    ]
    rgb = pixels(0, (120, 90), 3)
    assert (tile_pixels(tmp_path / "out", "busan_48_26") == rgb[26:90, 48:112]).all()
    dataset = Sen2ShipsDataset(
        data_root=str(tmp_path / "out"),
        ann_file="val.json",
        data_prefix={"img": ""},
        pipeline=[{"type": "LoadImageFromFile"}],
    )
    assert dataset[0]["img"].shape == (64, 64, 3)


def test_bands_are_drawn_as_true_color(source, tmp_path):
    """Reflectance times 65535 in 16 bits; 0.4 is white."""
    folder = source / "sen2ships" / "santos"
    values = np.full((80, 64), 13107, np.uint16)  # 0.2
    values[:8] = 26214  # 0.4
    values[8:16] = 60000
    write_band(folder, "B04", values)
    convert(source, tmp_path / "out", tile=64)
    tile = tile_pixels(tmp_path / "out", "santos_0_16")
    assert tile[0, 0, 0] == 128 and (tile[..., 1] == tile[..., 2]).all(), "B03 stands for B02"
    assert (tile_pixels(tmp_path / "out", "santos_0_16")[..., 0] == 128).all()


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_16_bit_picture_is_scaled_to_8(source, tmp_path):
    path = source / "sen2ships" / "busan" / "busan_rgb.tiff"
    values = pixels(3, (120, 90), 3).astype(np.uint16) * 257
    path.unlink()
    with rasterio.open(path, "w", width=120, height=90, count=4, dtype="uint16") as file:
        file.write(np.moveaxis(np.dstack([values, values[..., :1]]), -1, 0))
    convert(source, tmp_path / "out", tile=64)
    assert (tile_pixels(tmp_path / "out", "busan_0_0") == values[:64, :64] // 257).all()


def test_tile_starts_and_visible_boxes():
    assert tile_starts(256, 256, 192) == [0] and tile_starts(100, 256, 192) == [0]
    assert tile_starts(448, 256, 192) == [0, 192] and tile_starts(449, 256, 192) == [0, 192, 193]
    box = [(10.0, 10.0, 10.0, 10.0)]
    assert visible_boxes(box, 15, 0, 64, 64) == [(0, 10, 5, 10)], "half of it"
    assert visible_boxes(box, 16, 0, 64, 64) == []
    assert visible_boxes(box, 0, 0, 15, 64) == [(10, 10, 5, 10)]
    assert visible_boxes(box, 0, 0, 14, 64) == visible_boxes(box, 20, 0, 64, 64) == []


def test_reference_tiles_without_a_ship():
    """54 places as drawn for the results in the docs; another side takes every n-th place."""
    assert sum(map(len, REFERENCE_EMPTY.values())) == 54
    ships = [(50.0 * k, 20.0, 9.0, 4.0) for k in range(20)]
    scene = Scene("busan", (1042, 699), boxes=ships)
    tiles = choose_tiles(scene, 256)
    assert [(t.x, t.y) for t in tiles if not t.boxes] == [(0, 192)], "the others show a ship"
    tiles = choose_tiles(scene, 128)
    with_ship = [t for t in tiles if t.boxes]
    assert len(tiles) - len(with_ship) == len(with_ship) // 4
    scene = Scene("elsewhere", (600, 300), boxes=ships[:1])
    assert [t.name for t in choose_tiles(scene, 256)] == ["elsewhere_0_0.png"]


def change(source, edit):
    path = source / "sen2ships" / "coco_annotations.json"
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c: c["categories"][0].update(name="vessel"), "categories ['vessel']"),
        (lambda c: c["annotations"][0].update(iscrowd=1), "annotation 1: is a crowd"),
        (
            lambda c: c["annotations"][0]["segmentation"].update(size=[120, 90]),
            "annotation 1: mask of size [120, 90], but busan is [90, 120] (height, width)",
        ),
        (
            lambda c: c["annotations"][0]["segmentation"]["counts"].append(1),
            "annotation 1: run lengths for 10801 of 10800 pixels",
        ),
        (
            lambda c: c["annotations"][0].update(segmentation=[[1, 1, 2, 1, 2, 2]]),
            "is no list of run lengths",
        ),
        (
            lambda c: c["images"][1].update(file_name="busan_rgb.tiff"),
            "image busan is there more than once",
        ),
        (
            lambda c: c["images"][0].update(file_name="busan.tiff"),
            "'busan.tiff' is no HARBOR_rgb file",
        ),
        (
            lambda c: c["annotations"][0].update(bbox=[115, 5, 9, 6]),
            "box (115, 5, 9, 6) leaves the image of (120, 90)",
        ),
        (lambda c: c["annotations"][0].update(image_id=9), "image_id 9 is not in the file"),
        (lambda c: c["images"][0].update(width=120.0), "size (120.0, 90) of busan is not in whole"),
        (
            lambda c: c["images"][0].update(width=121),
            "busan: neither a picture of (121, 90) pixels nor band B04, B03, B02",
        ),
    ],
)
def test_wrong_json(source, tmp_path, edit, message):
    change(source, edit)
    with pytest.raises(ValueError) as error:
        convert(source, tmp_path / "out", tile=64)
    assert message in str(error.value) and "nothing was written" in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_box_that_is_not_the_extent_of_its_mask_is_noted(source, tmp_path):
    change(source, lambda c: c["annotations"][0].update(bbox=[4, 5, 9, 8]))
    notes = convert(source, tmp_path / "out", tile=64).notes
    assert notes[0] == "1 boxes are not the extents of their masks; kept as published"


def test_missing_and_broken_bands(source, tmp_path):
    folder = source / "sen2ships"
    band_path(folder / "santos", "B04").unlink()
    picture = folder / "busan" / "busan_rgb.tiff"
    picture.write_bytes(picture.read_bytes()[: 90 * 120])
    with pytest.raises(ValueError) as error:
        convert(source, tmp_path / "out")
    assert "santos: neither a picture of (64, 80) pixels nor band B04" in str(error.value)
    write_band(folder / "santos", "B04", np.zeros((9, 9), np.uint16))
    with pytest.raises(ValueError, match=r"B04_\(Raw\)\.tiff: is not \(64, 80\) pixels"):
        convert(source, tmp_path / "out")
    write_band(folder / "santos", "B04", np.zeros((80, 64), np.uint16))
    with pytest.raises(ValueError, match=r"busan/busan_rgb\.tiff: is no whole raster"):
        convert(source, tmp_path / "out")
    (folder / "busan" / "busan_rgb.tiff").write_text("not a picture")
    with pytest.raises(ValueError, match=r"busan/busan_rgb\.tiff: is no whole raster"):
        convert(source, tmp_path / "out")
    Image.fromarray(pixels(0, (120, 90)).astype(np.int32)).save(picture)
    with pytest.raises(ValueError, match=r"busan_rgb\.tiff: has 1 bands, not 3"):
        convert(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.int32])
def test_bands_of_two_kinds_are_not_mixed(source, tmp_path, kind):
    write_band(source / "sen2ships" / "santos", "B04", np.zeros((80, 64), kind))
    kinds = " and ".join(sorted([np.dtype(kind).name, "uint16"]))
    with pytest.raises(ValueError, match=f"santos: bands of {kinds}, but one kind .*B04"):
        convert(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_split_without_a_harbor(source, tmp_path):
    def leave_busan(content):
        content["images"] = content["images"][:1]
        ids = {image["id"] for image in content["images"]}
        content["annotations"] = [a for a in content["annotations"] if a["image_id"] in ids]

    change(source, leave_busan)
    with pytest.raises(ValueError, match=r"val: no scene of its harbors"):
        convert(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_files_of_a_band(source, tmp_path):
    folder = source / "sen2ships" / "santos"
    (folder / "2022_B04_(Raw).tiff").write_bytes(band_path(folder, "B04").read_bytes())
    with pytest.raises(ValueError, match="santos: band B04 is there more than once"):
        convert(source, tmp_path / "out")


def test_wrong_folder_and_options(source, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no coco_annotations\.json"):
        convert(tmp_path, tmp_path / "out")
    with pytest.raises(ValueError, match="tile must be at least 32 pixels, but got 8"):
        convert(source, tmp_path / "out", tile=8)
    convert(source / "sen2ships", tmp_path / "out")
    with pytest.raises(FileExistsError, match="is there already: remove it"):
        convert(source, tmp_path / "out")


def test_without_rasterio_a_sentence_says_how_to_get_it(source, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(ImportError, match=r"pip install 'adla\[scenes\]'"):
        convert(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@st.composite
def ships(draw):
    boxes = []
    for _ in range(draw(st.integers(1, 5))):
        w, h = draw(st.integers(1, 40)), draw(st.integers(1, 40))
        boxes.append((draw(st.integers(0, 120 - w)), draw(st.integers(0, 90 - h)), w, h))
    return boxes


@thorough(100)
@given(boxes=ships(), side=st.integers(64, 130))
def test_a_small_ship_is_whole_in_a_tile(boxes, side):
    """Tiles overlap by a quarter: what is not longer is whole somewhere, and never twice in one."""
    tiles = choose_tiles(Scene("busan", (120, 90), boxes=boxes), side)
    overlap = side - round(side * 0.75)
    shown = [(x + t.x, y + t.y, w, h) for t in tiles for x, y, w, h in t.boxes]
    for box in boxes:
        if max(box[2:]) <= overlap:
            assert box in shown
    for tile in tiles:
        assert len(tile.boxes) <= len(boxes)
        for x, y, w, h in tile.boxes:
            assert x >= 0 and y >= 0 and x + w <= tile.width and y + h <= tile.height
            assert w > 0 and h > 0


def test_damaged_json(tmp_path):
    source, out = write_sen2ships(tmp_path / "src"), tmp_path / "out"
    path = source / "sen2ships" / "coco_annotations.json"

    def check(data):
        path.write_bytes(data)
        if not result_or_message(lambda: convert(source, out, tile=64), out, "sen2ships"):
            return
        for split in ("train", "val"):
            for ann in load(out, split)["annotations"]:
                x, y, w, h = ann["bbox"]
                assert w > 0 and h > 0 and x >= 0 and y >= 0 and x + w <= 64 and y + h <= 64

    check_damages(1000, lambda rng: damage_json(sen2ships_json(HARBORS), rng), check)


def test_command(source, tmp_path, adla_command):
    code, out, _ = adla_command("convert", "sen2ships", source, tmp_path / "out", "--tile", "64")
    printed = " ".join(out.split())
    assert code == 0 and "sen2ships" in printed and "tokyo: left out" in printed
    code, _, err = adla_command("convert", "sen2ships", tmp_path, tmp_path / "none")
    assert code == 2 and re.match(r"adla convert sen2ships: .* holds no coco_annotations", err)


@pytest.fixture
def real():
    """Root of the real sen2ships, converted; tests that need it skip where it is absent."""
    root = Path(os.environ.get("SEN2SHIPS_ROOT", "data/sen2ships"))
    if not (root / "val.json").is_file():
        pytest.skip(f"no converted sen2ships in {root}; set SEN2SHIPS_ROOT")
    return root


# Harbors whose last column of tiles is not in the data: their width in pixels.
WIDTHS = {"algiers": 1351, "hedland": 1269}


def place(image):
    """Upper left corner of a tile in its scene, in pixels."""
    x, y = image["file_name"].removesuffix(".png").rsplit("_", 2)[1:]
    return int(x), int(y)


def put_together(real, cocos):
    """Pixels of each harbor, black where no tile is, and the ships that are whole in a tile."""
    tiles = sorted((i for coco in cocos.values() for i in coco["images"]), key=lambda i: i["id"])
    pixels, ships = {}, {tile["port"]: [] for tile in tiles}
    for port in ships:
        own = [tile for tile in tiles if tile["port"] == port]
        width = WIDTHS.get(port, max(place(tile)[0] + tile["width"] for tile in own))
        height = max(place(tile)[1] + tile["height"] for tile in own)
        pixels[port] = np.zeros((height, width, 3), np.uint8)
        for tile in own:
            x, y = place(tile)
            part = pixels[port][y : y + tile["height"], x : x + tile["width"]]
            part[:] = Image.open(real / tile["file_name"])
    by_id = {tile["id"]: tile for tile in tiles}
    for ann in (ann for coco in cocos.values() for ann in coco["annotations"]):
        tile = by_id[ann["image_id"]]
        (left, top), (x, y, w, h) = place(tile), map(int, ann["bbox"])
        height, width = pixels[tile["port"]].shape[:2]
        cut = (
            (x == 0 < left)
            or (y == 0 < top)
            or (x + w == tile["width"] and left + tile["width"] < width)
            or (y + h == tile["height"] and top + tile["height"] < height)
        )
        if not cut:
            ships[tile["port"]].append((left + x, top + y, w, h))
    return pixels, {port: list(dict.fromkeys(boxes)) for port, boxes in ships.items()}


def boxes_of(coco):
    """Boxes of each tile; in which order their scene has them does not show."""
    names = {image["id"]: image["file_name"] for image in coco["images"]}
    return sorted((names[ann["image_id"]], ann["bbox"], ann["area"]) for ann in coco["annotations"])


@pytest.mark.slow
def test_the_real_tiles_are_what_the_converter_makes(real, tmp_path):
    """From the published layout, put together of them."""
    cocos = {split: load(real, split) for split in ("train", "val")}
    scenes, ships = put_together(real, cocos)
    harbors = {port: (*rgb.shape[1::-1], ships[port]) for port, rgb in scenes.items()}
    source = tmp_path / "src"
    for port, rgb in scenes.items():
        (source / port).mkdir(parents=True)
        Image.fromarray(rgb).save(source / port / f"{port}_rgb.tiff")
    (source / "coco_annotations.json").write_text(json.dumps(sen2ships_json(harbors)))
    convert(source, tmp_path / "out")
    for split, coco in cocos.items():
        made = load(tmp_path / "out", split)
        assert made["images"] == coco["images"] and made["categories"] == coco["categories"]
        assert boxes_of(made) == boxes_of(coco)
        for image in coco["images"]:
            tile, given = (
                Image.open(root / image["file_name"]) for root in (tmp_path / "out", real)
            )
            assert tile.tobytes() == given.tobytes()
