"""The measurements of `benchmarks/gpu.py`: one CUDA device, within minutes.

Nothing here may import more than torch, transformers, the engine and `benchmarks.report`.
"""
