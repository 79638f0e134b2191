"""Clustered head attention (CHAI, arXiv 2403.08058): heads that attend alike share one head's scores.

May import the engine's attention, settings, model and errors.
"""
