_base_ = "./retinanet_csp-nano_fpn-p2_light_sen2ships.py"

# constant: the mean size in the training images in network pixels, tools/analysis/dataset_scale.py
# on the base config.
model = dict(
    train_cfg=dict(
        assigner=dict(
            _delete_=True,
            type="RankingAssigner",
            topk=3,
            neg_thr=0.3,
            iou_calculator=dict(type="NWDOverlaps2D", constant=26.92),
        )
    )
)
