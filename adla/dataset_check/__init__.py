"""What a data set holds, what is wrong with it, and what a config's anchors can see of it.

``inspection`` looks at one dataset of a config from all sides, ``report`` and ``pictures`` show it.
"""
