"""Here the text, the page labels and the outline of a PDF are read, and damage to the file is reported.

All of it runs in the limited child process, and may import `extraction`, `document` and the errors.
"""
