"""Retrieval heads: which heads of a model show where a question looks (`heads`), and a scan of all chunks by them.

It may import `prefill`, `scoring`, `kv`, `model` and what these stand on, but not `engine` or what stands on that.
"""
