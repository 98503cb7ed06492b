"""The steps of ``tools/gpu_check.py``, each a module that runs in a process of its own.

`plan`, `run_steps` and `records` need nothing but Python, so that results are written
even where torch or mmdet do not load.
"""

import time

#: When this process began, by the clock that a step's time is counted on; read before torch loads.
START = time.monotonic()
