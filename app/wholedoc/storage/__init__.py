"""Everything that the library keeps on disk: documents, original files, chunk KV, and records of readings.

May import `documents` and the engine's stored KV; knows no model.
"""
