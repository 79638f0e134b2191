"""How work is run: fair turns at the one model, and child processes with limits on time and memory.

May import nothing of wholedoc but its errors.
"""
