_base_ = "./retinanet_r50_fpn_1x_visdrone.py"

model = dict(
    bbox_head=dict(type="AdlaRetinaHead"),
    train_cfg=dict(
        assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner", ignore_iof_thr=0.5)
    ),
)
