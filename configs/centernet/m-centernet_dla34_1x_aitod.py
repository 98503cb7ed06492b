_base_ = "./centernet_r18_1x_aitod.py"

# A reading of M-CenterNet, whose description leaves open how it takes several center points: see
# MCenterNetHead. `model.backbone.pretrained=True` fetches ImageNet weights.
model = dict(
    backbone=dict(_delete_=True, type="TimmBackbone", model_name="dla34", out_indices=(5,)),
    bbox_head=dict(type="MCenterNetHead", reach=1),
)
