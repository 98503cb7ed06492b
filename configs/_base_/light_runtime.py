# As default_runtime; a training on a CPU that is cut off and resumed ends as one that was not.
_base_ = "./default_runtime.py"

default_hooks = dict(
    exact_resume=dict(type="ExactResumeHook"), channels_last=dict(type="ChannelsLastHook")
)
