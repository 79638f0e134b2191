"""Tests of the benchmarks of quality."""
