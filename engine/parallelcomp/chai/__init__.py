"""Clustered head attention (CHAI, arXiv 2403.08058): heads that attend alike use one head's attention scores.

It may import `policies`, `scoring`, `prefill`, `memory`, `kv` and what these stand on.
"""
