"""mmcv's ops for every test of this folder, whatever it imports first."""

import adla  # noqa: F401
