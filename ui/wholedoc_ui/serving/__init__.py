"""The web application, the process that serves it, and the command `wholedoc ui`.

May import all of wholedoc_ui.
"""
