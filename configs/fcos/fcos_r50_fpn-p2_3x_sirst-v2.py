_base_ = "./fcos_r50_fpn_3x_sirst-v2.py"

# The fair control: P2 to P5.
model = dict(
    neck=dict(start_level=0, num_outs=4),
    bbox_head=dict(
        strides=[4, 8, 16, 32],
        regress_ranges=((-1, 32), (32, 64), (64, 128), (128, 1e8)),
    ),
)
