"""How a small model is kept to the words of a passage where it answers without a writer.

It knows passages, but not the pipeline.
"""
