"""How work is run: fair turns at the one model, generators in threads, and child processes with limits.

May import the engine, and nothing of wholedoc but `errors`.
"""
