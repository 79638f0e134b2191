"""Measurements: each prints machine, versions and command beside its figures, and writes JSON."""
