"""Reading a document through the store, by one process or by several ranks, into chunks that can be asked.

May import `documents`, `storage`, `models` and the engine.
"""
