"""Decoding: from next-token log-probabilities to an answer, answers that only copy, and 8-bit weights for decoding.

It may import `policies`, `scoring`, `prefill`, `memory`, `kv` and what these stand on.
"""
