"""Contexts: kept chunks put together into the KV that a question attends to, calibration, and next-token states.

It may import `chai`, `decoding`, `eviction`, `policies`, `scoring`, `prefill`, `memory`, `kv` and what these stand
on, but not `attribution`, `bifurcated`, `engine`, `ranks` or `apb`.
"""
