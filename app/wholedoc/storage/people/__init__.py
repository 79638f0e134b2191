"""Who uses a library: users and their keys, whose shelf holds what, and who did what."""
