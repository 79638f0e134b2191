"""Attacks on a server in a process of its own. After each of them it must stand as before; see `conftest`."""
