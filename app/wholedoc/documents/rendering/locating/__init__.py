"""Here a quote is found on a drawn page: its characters, its lines, and the rectangles that cover them.

May import `drawing` of its parent folder, and nothing else of wholedoc.
"""
