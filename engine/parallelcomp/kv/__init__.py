"""The KV of a chunk: as it is stored, in which number format, and as a cache that transformers can attend to.

May import the engine's errors, settings, model and chunks.
"""
