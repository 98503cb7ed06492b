"""Made-up HIT-UAV, sen2ships and VisDrone in the layouts in which they are published."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

HIT_UAV_SIZE = (64, 48)
# Published split -> (name, boxes (category, x, y, w, h)); frames 7 and 3300 lie in val by scene.
FRAMES = {
    "train": [
        ("1_60_30_0_00007", [(0, 10, 6, 4, 9), (4, 30, 20, 8, 6)]),
        ("1_60_50_0_00281", [(1, 0, 0, 21, 15)]),
        ("1_60_50_0_00282", []),
    ],
    "val": [("0_100_30_0_03300", [(2, 40, 30, 24, 18), (3, 1, 2, 3, 4)])],
    "test": [("1_70_30_0_00862", [(0, 5, 5, 5, 10)])],
}
CATEGORIES = ("Person", "Car", "Bicycle", "OtherVehicle", "DontCare")
# Harbor -> width, height, ships (x, y, w, h).
HARBORS = {
    "busan": (120, 90, [(4, 5, 9, 6), (60, 40, 12, 5), (80, 70, 3, 3)]),
    "athens": (100, 70, [(90, 2, 10, 4)]),
    "santos": (64, 80, [(20, 60, 6, 12)]),
    "tokyo": (50, 50, [(1, 1, 5, 5)]),
}
VISDRONE = {
    "VisDrone2019-DET-train": {
        "0000002_00005_d_0000014": "10,6,4,9,1,4,0,0\n30,20,8,6,0,0,0,0,\n1,2,3,4,1,11,0,1\n",
        "0000003_00231_d_0000016": "40,30,24,18,1,1,0,0\n5,5,0,7,1,4,0,0\n",
    },
    "VisDrone2019-DET-val": {"0000001_02999_d_0000005": "60,40,6,8,1,10,0,0\n3,3,4,4,0,2,0,0\n"},
}


def pixels(seed: int, size: tuple[int, int], channels: int = 0) -> np.ndarray:
    """Noise in squares of 8 pixels: no image resembles another, and JPEG keeps it."""
    width, height = size
    shape = (-(-height // 8), -(-width // 8)) + ((channels,) if channels else ())
    noise = np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)
    return noise.repeat(8, 0).repeat(8, 1)[:height, :width]


def hit_uav_json(frames: list, first_image: int, first_box: int, size=HIT_UAV_SIZE) -> dict:
    """One file as published: keys `filename` and `annotation`, ids from 0 on over all files."""
    images, boxes = [], []
    for index, (stem, objects) in enumerate(frames):
        image_id = first_image + index
        images.append(
            {
                "filename": f"{stem}.jpg",
                "height": size[1],
                "width": size[0],
                "id": image_id,
                "date_captured": "20210116",
            }
        )
        for category, *box in objects:
            x, y, w, h = box
            boxes.append(
                {
                    "segmentation": [[x, y, x + w, y, x + w, y + h, x, y + h]],
                    "area": w * h,
                    "image_id": image_id,
                    "bbox": box,
                    "category_id": category,
                    "id": first_box + len(boxes),
                }
            )
    categories = [
        {"supercategory": name, "id": index, "name": name} for index, name in enumerate(CATEGORIES)
    ]
    head = {"info": {"year": "2020"}, "licenses": [{"url": "xxxx"}]}
    return head | {"images": images, "categories": categories, "annotation": boxes}


def write_hit_uav(root: Path, frames: dict | None = None, size=HIT_UAV_SIZE) -> Path:
    folder, first_image, first_box = root / "normal_json", 0, 0
    (folder / "annotations").mkdir(parents=True)
    for split, part in (frames or FRAMES).items():
        content = hit_uav_json(part, first_image, first_box, size)
        name = "instances_val.json" if split == "val" else f"{split}.json"
        (folder / "annotations" / name).write_text(json.dumps(content))
        (folder / split).mkdir()
        for image in content["images"]:
            path = folder / split / image["filename"]
            Image.fromarray(pixels(image["id"], size)).save(path)
        first_image += len(content["images"])
        first_box += len(content["annotation"])
    return root


def run_lengths(box: tuple, width: int, height: int) -> list[int]:
    """Run lengths, column by column, background first, of a filled rectangle."""
    x, y, w, h = box
    mask = np.zeros((height, width), bool)
    mask[y : y + h, x : x + w] = True
    flat = mask.ravel(order="F")
    runs = np.diff([0, *(np.flatnonzero(np.diff(flat)) + 1), flat.size]).tolist()
    return [0, *runs] if flat[0] else runs


def sen2ships_json(harbors: dict) -> dict:
    images, annotations = [], []
    for image_id, (port, (width, height, ships)) in enumerate(harbors.items(), start=1):
        images.append(
            {"id": image_id, "width": width, "height": height, "file_name": f"{port}_rgb.tiff"}
        )
        for box in ships:
            mask = {"counts": run_lengths(box, width, height), "size": [height, width]}
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": 1,
                    "segmentation": mask,
                    "area": float(box[2] * box[3]),
                    "bbox": [float(value) for value in box],
                    "iscrowd": 0,
                }
            )
    categories = [{"id": 1, "name": "ship", "supercategory": ""}]
    return {"images": images, "categories": categories, "annotations": annotations}


def band_path(folder: Path, band: str) -> Path:
    return folder / f"2023-07-25-00:00_2023-07-25-23:59_Sentinel-2_L2A_{band}_(Raw).tiff"


def write_band(folder: Path, band: str, values: np.ndarray) -> None:
    Image.fromarray(values).save(band_path(folder, band))


def write_sen2ships(root: Path, harbors: dict | None = None) -> Path:
    """Busan as an RGB file, Athens as a picture, Santos as bands without B02, Tokyo without any."""
    harbors, folder = harbors or HARBORS, root / "sen2ships"
    folder.mkdir(parents=True)
    (folder / "coco_annotations.json").write_text(json.dumps(sen2ships_json(harbors)))
    for seed, (port, (width, height, _)) in enumerate(harbors.items()):
        (folder / port).mkdir()
        rgb = pixels(seed, (width, height), 3)
        if port == "athens":
            Image.fromarray(rgb).save(folder / port / "2023_Sentinel-2_L2A_True_color.png")
            Image.fromarray(rgb[:9, :9]).save(folder / port / "a_Sentinel_True_color.jpg")
        elif port == "santos":
            for channel, band in enumerate(("B04", "B03")):
                write_band(folder / port, band, rgb[..., channel].astype(np.uint16) * 100)
            write_band(folder / port, "B08", rgb[..., 2].astype(np.uint16))
        elif port != "tokyo":
            Image.fromarray(rgb).save(folder / port / f"{port}_rgb.tiff")
    return root


def write_visdrone(root: Path, splits: dict | None = None) -> Path:
    for split, texts in (splits or VISDRONE).items():
        for name in ("images", "annotations"):
            (root / split / name).mkdir(parents=True)
        for seed, (stem, text) in enumerate(texts.items()):
            Image.fromarray(pixels(seed, (64, 48), 3)).save(root / split / f"images/{stem}.jpg")
            (root / split / "annotations" / f"{stem}.txt").write_text(text)
    return root
