"""Conditions that a question states and code applies: on numbers, on dates, and on how a name is spelled."""
