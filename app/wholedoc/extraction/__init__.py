"""Reading a file into a `Document`, in a limited child process."""

from wholedoc.extraction.limits import ExtractionLimits
from wholedoc.extraction.reader import read_document

__all__ = ["ExtractionLimits", "read_document"]
