# DetectoRS as in mmdet: Cascade R-CNN with switchable atrous convolutions, and a feature pyramid
# that feeds a second backbone. A config that inherits it sets `num_classes` of the three stages.
_base_ = "./cascade-rcnn_r50_fpn.py"

switchable = dict(
    type="DetectoRS_ResNet",
    conv_cfg=dict(type="ConvAWS"),
    sac=dict(type="SAC", use_deform=True),
    stage_with_sac=(False, True, True, True),
)
model = dict(
    backbone=dict(output_img=True, **switchable),
    neck=dict(
        type="RFP",
        rfp_steps=2,
        aspp_out_channels=64,
        aspp_dilations=(1, 3, 6, 1),
        rfp_backbone=_base_.model.backbone | dict(rfp_inplanes=256) | switchable,
    ),
)
