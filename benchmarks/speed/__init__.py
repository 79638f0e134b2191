"""How long things take, and how much memory: reading, asking, the library on disk, the server and the browser app.

A file named `*_child` holds the measurement that the benchmark beside it runs in processes of their own.
"""
