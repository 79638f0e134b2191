"""Here a file or a text becomes a document, with its pages, tokens and sentences, and a page is drawn.

May import `runtime` and the package's errors, and nothing else of wholedoc.
"""
