_base_ = [
    "./datasets/hit-uav_detection.py",
    "./schedules/schedule_1x.py",
    "./default_runtime.py",
]
