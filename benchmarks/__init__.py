"""Measurements. Each prints the machine, the versions and the command beside its figures, and writes them as JSON.

`speed/` measures seconds and memory, `quality/` how good the answers are, and `accelerator/` one CUDA device. The
files beside them serve all three. Nothing outside this folder may import it.
"""
