_base_ = [
    "./datasets/visdrone_detection.py",
    "./schedules/schedule_1x.py",
    "./default_runtime.py",
]
