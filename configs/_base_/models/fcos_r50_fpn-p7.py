# The same on P3 to P7, as its authors have it.
_base_ = "./fcos_r50_fpn.py"

model = dict(
    neck=dict(add_extra_convs="on_output", relu_before_extra_convs=True, num_outs=5),
    bbox_head=dict(
        strides=[8, 16, 32, 64, 128],
        regress_ranges=((-1, 64), (64, 128), (128, 256), (256, 512), (512, 1e8)),
    ),
)
