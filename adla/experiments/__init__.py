"""Experiments: the tables of the papers, how their rows are trained and tested, and what came out.

What measures speed is in ``tools/benchmark``.
"""
