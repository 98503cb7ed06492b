"""What lets the packages beneath adla run as they are: mmcv's ops, checkpoints, the family check."""
