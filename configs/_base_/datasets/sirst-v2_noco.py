_base_ = "./sirst-v2_detection.py"

# The same crops with their NoCo map, padded with 0.
train_pipeline = [
    *_base_.train_pipeline[:-2],
    dict(type="GenerateNoCoMap"),
    dict(type="Pad", size=(256, 256), pad_val=dict(img=112, seg=0)),
    dict(type="PackDetInputs"),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
