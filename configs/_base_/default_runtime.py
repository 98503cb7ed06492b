_base_ = "mmdet::_base_/default_runtime.py"

custom_imports = dict(imports=["adla"], allow_failed_imports=False)

# What save_best="auto" is to raise: mmengine's own list does not know AP.
default_hooks = dict(checkpoint=dict(greater_keys=["AP", "AR", "precision", "recall", "f1"]))

# AssignProgressHook tells every assigner that has set_progress how far the training is; without
# one it does nothing, so a config that swaps the assigner needs no hook list of its own.
custom_hooks = [
    dict(type="AssignProgressHook"),
    dict(type="AssignStatsHook"),
    dict(type="MetricTableHook"),
]
