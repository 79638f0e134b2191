"""Tests of the benchmark of a CUDA device."""
