"""The tables of the papers: what they hold, how their rows are run, and what came out."""
