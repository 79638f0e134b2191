"""A file or a text becomes a document: extraction, pages, tokens, sentences, and the drawing of a page.

May import `runtime` and the package's errors, and nothing else of wholedoc.
"""
