"""Where a quote stands on a drawn page: characters, lines, and the rectangles that cover them.

May import nothing of wholedoc but itself.
"""
