"""Here files that are text are read: plain text, Markdown, web pages, tables of separated values, e-mail.

All of it runs in the limited child process, and may import `extraction`, `document` and the errors.
"""
