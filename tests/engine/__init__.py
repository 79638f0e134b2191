"""Tests of the engine: every fast path against a slow one written independently of it."""
