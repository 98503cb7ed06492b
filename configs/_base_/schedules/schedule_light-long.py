# As schedule_light, with 20 epochs, for a batch of 8 images.
_base_ = "./schedule_light.py"

max_epochs = 20
optim_wrapper = dict(optimizer=dict(lr=0.0015))
auto_scale_lr = dict(base_batch_size=8)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, begin=0, end=60),
    dict(
        type="CosineAnnealingLR",
        begin=0,
        end=max_epochs,
        by_epoch=True,
        eta_min_ratio=0.02,
        convert_to_iter_based=True,
    ),
]
