_base_ = "./retinanet_csp-nano_fpn-p2_adla-light_sen2ships.py"

# As many positives per object as adaptive thresholds alone give: the dynamic IoU says which.
model = dict(train_cfg=dict(assigner=dict(max_positives="anchor_iou")))
