from adla.datasets import SIRSTV2Dataset
from adla.datasets.converters import convert_sirst_v2


def test_converted_data_load(toy_root):
    convert_sirst_v2(toy_root, toy_root, progress=False)
    dataset = SIRSTV2Dataset(
        data_root=str(toy_root),
        ann_file="annotations/train.json",
        data_prefix={"img": "mixed/"},
        pipeline=[
            {"type": "LoadImageFromFile"},
            {"type": "LoadAnnotations", "with_bbox": True},
            {"type": "PackDetInputs"},
        ],
    )
    target, background = dataset[0], dataset[1]
    assert target["inputs"].shape == (3, 30, 40)
    assert target["data_samples"].gt_instances.bboxes.tensor.tolist() == [
        [2, 3, 7, 9],
        [20, 10, 22, 13],
    ]
    assert len(background["data_samples"].gt_instances) == 0
