# A second training of 20 epochs, with windows on what the first one wrongly found in the training
# images; docs/msla.md has the commands.
_base_ = "./yolov8-n_pafpn-p2_light-1280-120e_sirst-v2.py"

first_run = "work_dirs/yolov8-n_pafpn-p2_light-1280-120e_sirst-v2"
load_from = first_run + "/epoch_120.pth"
pipeline = _base_.last_pipeline
pipeline[3] = dict(
    type="FalseAlarmCrop",
    crop_size=(256, 256),
    ann_file="data/sirst-v2/annotations/train_full.json",
    detections=first_run + "/train_full.bbox.json",
)
train_dataloader = dict(dataset=dict(pipeline=pipeline))

max_epochs = 20
optim_wrapper = dict(optimizer=dict(lr=0.0005))
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = _base_.param_scheduler
param_scheduler[0].end = 30
param_scheduler[1].end = max_epochs
custom_hooks = _base_.custom_hooks[:-1]  # there is no mosaic to end
