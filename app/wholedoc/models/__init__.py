"""A language model with its tokenizer: found, fetched, loaded, its chat template, and how fast it reads here.

May import `documents`, `storage` (for where models are kept) and the engine.
"""
