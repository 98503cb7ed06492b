_base_ = [
    "./datasets/levir-ship_detection.py",
    "./schedules/schedule_1x.py",
    "./default_runtime.py",
]
