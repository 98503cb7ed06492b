_base_ = [
    "./datasets/sen2ships_detection.py",
    "./schedules/schedule_1x.py",
    "./default_runtime.py",
]
