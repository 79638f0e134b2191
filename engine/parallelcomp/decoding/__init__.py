"""From log-probabilities of the next token to an answer, and the weights that are multiplied by meanwhile.

May import the engine's KV, attention, settings, model and errors.
"""
