"""What a data set holds, what is wrong with it, and what a config's anchors can see of it."""
