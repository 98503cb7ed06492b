"""Damaged input for every reader: a result or one message, never anything else."""
