_base_ = "mmdet::_base_/default_runtime.py"

custom_imports = dict(imports=["adla"], allow_failed_imports=False)

# AssignProgressHook tells every assigner that has set_progress how far the training is; without
# one it does nothing, so a config that swaps the assigner needs no hook list of its own.
custom_hooks = [
    dict(type="AssignProgressHook"),
    dict(type="AssignStatsHook"),
    dict(type="MetricTableHook"),
]
