"""What lets the packages beneath adla run as they are: mmcv's ops, the check of the family."""
