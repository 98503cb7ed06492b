_base_ = ["../_base_/models/tridentnet_r50-caffe_adla.py", "../_base_/aitod_1x.py"]

model = dict(roi_head=dict(bbox_head=dict(num_classes=8)))
