"""Here a file is read into a `Document`, by a child process with limits on time, memory and size.

May import `document`, `wholedoc.runtime` and the errors. Only the child process imports parsers of PDF and HTML.
"""

from .from_file import read_document
from .limits import ExtractionLimits
from .web import WebSource

__all__ = ["ExtractionLimits", "WebSource", "read_document"]
