"""The KV of chunks: how it is stored, in which number formats, and the caches that transformers attends to.

It may import `model`, `attention`, `chunking`, `config` and `errors`.
"""
