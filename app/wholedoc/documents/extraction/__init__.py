"""Reading a file into a `Document`, in a limited child process."""

from .limits import ExtractionLimits
from .reader import read_document

__all__ = ["ExtractionLimits", "read_document"]
