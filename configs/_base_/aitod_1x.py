_base_ = [
    "./datasets/aitod_detection.py",
    "./schedules/schedule_1x.py",
    "./default_runtime.py",
]
