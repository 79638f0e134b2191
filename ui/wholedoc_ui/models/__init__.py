"""Which models the page uses: those that can be chosen, those that are wanted, and those on their way.

The files here may import wholedoc, and nothing else of wholedoc_ui.
"""
