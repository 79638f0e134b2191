"""The HTTP routes: chat completions, files, and what describes the server itself.

May import everything of the server but `app`, which puts the routes together.
"""
