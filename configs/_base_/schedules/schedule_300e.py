# 300 epochs from scratch as YOLOv8 trains: SGD with the rate that MSLA-YOLOv8 states, batches of 16
# whose gradients are summed up to 64 images and clipped at 10, no decay of norms and biases, one
# evaluation at the end. YOLOv8ScheduleHook sets rate, momentum and accumulation of every iteration
# and takes the place of mmengine's schedulers; the losses are those of the whole batch
# (`bbox_head.times_batch`).
max_epochs = 300
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=max_epochs, val_interval=max_epochs)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")

optim_wrapper = dict(
    type="SummingOptimWrapper",
    sum_gradients=True,
    optimizer=dict(type="SGD", lr=0.01, momentum=0.937, nesterov=True, weight_decay=0.0005),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
    clip_grad=dict(max_norm=10.0, norm_type=2),
)
auto_scale_lr = dict(enable=False, base_batch_size=16)  # without effect: the hook keeps the rate
