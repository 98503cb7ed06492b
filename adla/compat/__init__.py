"""What lets the packages beneath adla run as they are: ops, checkpoints, the family check."""
