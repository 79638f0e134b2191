"""Prompts that come from other programs: which of their text is a document, what is asked, and the answer to it.

`recognition` and `parts` need no model; `responding` answers through the library.
"""
