"""Prompts that come from other programs: telling documents from questions in them, and answering them.

`recognition` and `parts` need no model; `responding` answers through the library.
May import the rest of wholedoc but none of its entrances (`cli`, `server`, `llama_index`).
"""
