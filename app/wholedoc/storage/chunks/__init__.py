"""Chunks on disk: their KV by content, how it gets there, and which chunks make up which reading."""
