_base_ = "./retinanet_csp-nano_fpn-p2_light_sen2ships.py"

# scale: S of the training images in network pixels, tools/analysis/dataset_scale.py on the base
# config.
model = dict(
    train_cfg=dict(
        assigner=dict(
            _delete_=True,
            type="SparseMaxIoUAssigner",
            pos_iou_thr=0.7,
            neg_iou_thr=0.3,
            min_pos_iou=0.3,
            iou_calculator=dict(type="DotDOverlaps2D", scale=29.429),
        )
    )
)
