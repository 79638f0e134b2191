"""Here files that are ZIP archives are read: documents of offices, books, and archives of files.

All of it runs in the limited child process, and may import `extraction`, `text`, `document` and the errors.
"""
