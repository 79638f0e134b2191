"""What OpenAI's clients say and expect: requests, responses, errors, and the way between them and our events.

May import the rest of wholedoc, and of the server nothing.
"""
