_base_ = "./retinanet_csp-nano_fpn-p2_light_sirst-v2.py"

# scale: S of train_full in network pixels, tools/analysis/dataset_scale.py on the base config.
model = dict(
    train_cfg=dict(
        assigner=dict(
            _delete_=True,
            type="SparseMaxIoUAssigner",
            pos_iou_thr=0.7,
            neg_iou_thr=0.3,
            min_pos_iou=0.3,
            iou_calculator=dict(type="DotDOverlaps2D", scale=7.003),
        )
    )
)
