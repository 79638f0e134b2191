"""The HTTP routes of the server: chat, files, and what tells about the server itself.

May import everything of the server but `app`, which puts them together.
"""
