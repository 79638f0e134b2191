"""The settings of the page: what they look like, and what their changes do."""
