"""The text of a PDF file: opened, read, checked for damage, and put into pages.

Runs in the limited child process; may import nothing of wholedoc but extraction and errors.
"""
