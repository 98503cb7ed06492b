_base_ = "./ssd512_1x_levir-ship.py"

model = dict(train_cfg=dict(assigner=dict(_delete_=True, type="AdaptiveDynamicAssigner")))
