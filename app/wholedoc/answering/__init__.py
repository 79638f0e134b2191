"""One question's way: score the chunks, choose, find the passages, cite them, write the answer or abstain.

May import `reading` and what that may import; not the library around it.
"""
