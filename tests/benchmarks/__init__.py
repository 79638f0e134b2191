"""Tests of the benchmarks: what they count and write, not how fast anything is."""
