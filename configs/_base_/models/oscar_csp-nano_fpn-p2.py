# A light OSCAR that trains from scratch on a CPU: the backbone of the light RetinaNet, a slim head.
_base_ = "./retinanet_csp-nano_fpn-p2.py"

model = dict(
    type="SingleStageDetector",
    data_preprocessor=dict(pad_seg=True, seg_pad_value=0),
    neck=dict(type="OSCARFPN", out_channels=48),
    bbox_head=dict(
        _delete_=True,
        type="OSCARHead",
        in_channels=48,
        feat_channels=48,
        stacked_convs=1,
        norm_cfg=dict(type="GN", num_groups=16, requires_grad=True),
    ),
    train_cfg=None,
    test_cfg=dict(nms_pre=1000, max_per_img=100),
)
