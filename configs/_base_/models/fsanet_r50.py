# FSANet on P3 to P5 as its authors have it, with the test settings of the AI-TOD protocol (theirs
# are soft NMS and scores above .1). A config that inherits it sets `num_classes`.
_base_ = "./fcos_r50_fpn.py"

model = dict(
    backbone=dict(out_indices=(1, 2, 3)),
    neck=dict(_delete_=True, type="FSANetFPN", in_channels=[512, 1024, 2048], out_channels=256),
    bbox_head=dict(
        _delete_=True,
        type="FSANetHead",
        in_channels=256,
        stacked_convs=3,
        strides=[8, 16, 32],
        regress_ranges=((-1, 64), (64, 128), (128, 1e8)),
    ),
)
