"""Checks of the project itself that no library makes. Nothing else imports them."""
