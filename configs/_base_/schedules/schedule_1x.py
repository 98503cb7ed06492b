# 12 epochs, after mmdet's own: learning rate 0.01 for a batch of 4 images (configs/README.md has
# the rule for other batches), gradients clipped at norm 35, one evaluation at the end.
_base_ = "mmdet::_base_/schedules/schedule_1x.py"

train_cfg = dict(val_interval=12)
optim_wrapper = dict(optimizer=dict(lr=0.01), clip_grad=dict(max_norm=35, norm_type=2))
auto_scale_lr = dict(base_batch_size=4)
