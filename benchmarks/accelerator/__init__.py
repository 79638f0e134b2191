"""What `benchmarks/gpu.py` is made of: one CUDA device, minutes, nothing but torch, transformers and the engine."""
