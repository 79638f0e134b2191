"""Tests of the measurements of attacks and of load."""
