"""Web pages, when somebody asks for one: a single request, with limits, to public addresses alone.

May import the library and everything below it. httpcore is imported when a page is fetched.
"""

from .adding import add_page, is_address
from .limits import PageLimits

__all__ = ["PageLimits", "add_page", "is_address"]
