"""Pairs of a model that finds and one that writes, beside each other: who finds what, and who says it how.

`questions` has what is asked, `passages` what a writer is told and where that comes from, `run` the figures.
"""
