"""sen2ships (ships in Sentinel-2 scenes of harbors) to tiles and COCO json, split by harbor."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from numpy import ndarray
from PIL import Image

from ..problems import raise_problems
from .coco_json import split_summary, write_all
from .images import check_free
from .report import tracked
from .sen2ships_pictures import read_pixels
from .sen2ships_read import CLASS_NAME, Scene, find_root, read_scenes
from .sen2ships_scenes import REFERENCE_EMPTY, VAL_PORTS
from .tiles import Box, tile_starts, visible_boxes

SOURCE = "sen2ships, MIT, github.com/ShipDetectionExperts/sen2ships"
REFERENCE_TILE = 256
# Tiles overlap by a quarter, so that a ship of that length is whole in one of them.
_OVERLAP = 0.25
# Tiles without a ship, as a share of those with one.
_EMPTY_SHARE = 0.25


@dataclass
class Sen2ShipsReport:
    """What a conversion did.

    Args:
        splits: Per split, the counts and sizes of :func:`.coco_json.split_summary`.
        notes: What is missing in the repository, and what was put in its place.
    """

    splits: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass
class Tile:
    """One tile of a scene: its place in pixels, and its boxes ``(x, y, w, h)``."""

    port: str
    x: int
    y: int
    width: int
    height: int
    boxes: list[Box]

    @property
    def name(self) -> str:
        """Name of its image file."""
        return f"{self.port}_{self.x}_{self.y}.png"


def convert_sen2ships(
    src: str | os.PathLike,
    out: str | os.PathLike,
    tile: int = REFERENCE_TILE,
    progress: bool = True,
) -> Sen2ShipsReport:
    """Convert sen2ships to ``out/{train,val}.json`` and ``out/images``.

    Tiles overlap by a quarter. All that show a ship are kept, and a quarter as many without one. A
    ship that a tile shows less than half of is not in it.

    Args:
        src: The published repository, or its folder ``sen2ships``.
        out: Target folder.
        tile: Side of the tiles in pixels, at least 32.
        progress: Show a progress bar.

    Raises:
        FileNotFoundError: If ``src`` is not laid out as sen2ships.
        ValueError: If the data are wrong; one message names every file, nothing is written.
        FileExistsError: If ``out/images`` is there already, or a folder is in the place of
            a json file.
    """
    if tile < 32:
        raise ValueError(f"tile must be at least 32 pixels, but got {tile}")
    src, out = Path(src), Path(out)
    check_free(out / "images")
    root, report = find_root(src), Sen2ShipsReport()
    problems: list[str] = []
    scenes = read_scenes(root, problems, report.notes)
    pixels = _read_all(scenes, problems, progress) if not problems else {}
    raise_problems(problems, root)
    tiles = [one for scene in scenes for one in choose_tiles(scene, tile)]
    cocos = _coco_files(tiles, tile)
    lacking = [split for split, coco in cocos.items() if not coco["images"]]
    raise_problems([f"{split}: no scene of its harbors" for split in lacking], root)
    gone = sorted(REFERENCE_EMPTY.keys() - {scene.port for scene in scenes})
    if gone:
        report.notes.append(f"not in the json, but published: {', '.join(gone)}")
    write_all(
        {out / f"{split}.json": coco for split, coco in cocos.items()},
        {out / "images": partial(_write_tiles, tiles, pixels, progress)},
    )
    report.splits = {split: split_summary(coco) for split, coco in cocos.items()}
    return report


def _read_all(scenes: list[Scene], problems: list[str], progress: bool) -> dict[str, ndarray]:
    pixels = {}
    for scene in tracked(scenes, "Reading sen2ships", progress):
        try:
            pixels[scene.port] = read_pixels(scene.pictures)
        except ValueError as error:
            problems.append(str(error))
    return pixels


def _write_tiles(
    tiles: list[Tile], pixels: dict[str, ndarray], progress: bool, folder: Path
) -> None:
    folder.mkdir()
    for one in tracked(tiles, "Writing tiles", progress):
        cut = pixels[one.port][one.y : one.y + one.height, one.x : one.x + one.width]
        Image.fromarray(cut).save(folder / one.name)


def choose_tiles(scene: Scene, side: int) -> list[Tile]:
    """Return the tiles of a scene with a ship, row by row, then those without one."""
    tiles = list(_all_tiles(scene, side))
    with_ship = [one for one in tiles if one.boxes]
    empty = {(one.x, one.y): one for one in tiles if not one.boxes}
    if side == REFERENCE_TILE and scene.port in REFERENCE_EMPTY:
        wanted = [place for place in REFERENCE_EMPTY[scene.port] if place in empty]
    else:
        count = min(int(_EMPTY_SHARE * len(with_ship)), len(empty))
        places = list(empty)
        wanted = [places[index * len(places) // count] for index in range(count)]
    return with_ship + [empty[place] for place in wanted]


def _all_tiles(scene: Scene, side: int) -> Iterator[Tile]:
    (scene_width, scene_height), step = scene.size, round(side * (1 - _OVERLAP))
    for y in tile_starts(scene_height, side, step):
        for x in tile_starts(scene_width, side, step):
            width, height = min(side, scene_width), min(side, scene_height)
            yield Tile(
                scene.port, x, y, width, height, visible_boxes(scene.boxes, x, y, width, height)
            )


def _coco_files(tiles: list[Tile], side: int) -> dict[str, dict]:
    """Build the json content of both splits; ids are unique over both."""
    cocos: dict[str, dict] = {
        split: {
            "info": {"source": SOURCE, "tile": side, "split": "by harbor"},
            "licenses": [],
            "categories": [{"id": 1, "name": CLASS_NAME}],
            "images": [],
            "annotations": [],
        }
        for split in ("train", "val")
    }
    ann_id = 0
    for image_id, tile in enumerate(tiles, start=1):
        split = "val" if tile.port in VAL_PORTS else "train"
        image = {
            "id": image_id,
            "file_name": f"images/{tile.name}",
            "width": tile.width,
            "height": tile.height,
            "split": split,
            "port": tile.port,
        }
        cocos[split]["images"].append(image)
        for box in tile.boxes:
            ann_id += 1
            annotation = {
                "id": ann_id,
                "image_id": image_id,
                "category_id": 1,
                "bbox": list(box),
                "area": box[2] * box[3],
                "iscrowd": 0,
            }
            cocos[split]["annotations"].append(annotation)
    return cocos
