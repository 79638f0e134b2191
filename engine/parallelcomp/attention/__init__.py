"""Attention: the one function that models call, which kernel computes it, and layers that see less than all."""
