_base_ = "./centernet_r18_1x_levir-ship.py"

# CenterNet on DLA-34; the several center points of M-CenterNet are not built (paper_tables.yml).
# `model.backbone.pretrained=True` fetches ImageNet weights.
model = dict(
    backbone=dict(_delete_=True, type="TimmBackbone", model_name="dla34", out_indices=(5,))
)
