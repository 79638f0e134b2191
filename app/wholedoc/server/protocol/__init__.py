"""OpenAI's formats: requests, responses and errors, and how they map to the library's messages and events.

May import the rest of wholedoc, but nothing of the server outside this folder.
"""
