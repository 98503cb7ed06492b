"""Sound annotations and results, for a damage to be put into."""

GT = {
    "info": {"year": 2026},
    "images": [
        {"id": i, "file_name": f"{i}.png", "width": 100, "height": 80, "license": 1} for i in (3, 1)
    ],
    "categories": [{"id": 2, "name": "ship", "supercategory": ""}, {"id": 5, "name": "plane"}],
    "annotations": [
        {"id": 1, "image_id": 3, "category_id": 5, "bbox": [1, 2, 8, 8], "area": 64, "iscrowd": 0,
         "segmentation": [[1, 2, 9, 2, 9, 10]]},
        {"id": 2, "image_id": 1, "category_id": 2, "bbox": [5, 5, 4.5, 4], "area": 18.0,
         "ignore": 1},
    ],
}  # fmt: skip
DT = [
    {"image_id": 3, "category_id": 5, "bbox": [1, 2, 8, 8.5], "score": 0.9},
    {"image_id": 1, "category_id": 2, "bbox": [0, 0, 4, 4], "score": 1},
]
WRAPPED = {"images": GT["images"], "categories": GT["categories"], "annotations": DT}
