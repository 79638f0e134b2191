"""Here the text of scanned pages and pictures is recognised (OCR), page by page, by a limited child process.

May import `document`, `formats`, `extraction`, `rendering`, `wholedoc.runtime` and the errors. Only the child
process imports rapidocr, which the extra `ocr` installs.
"""

from .recognised import RecognisedPage
from .recognition import INSTALL, NOT_RECOGNISED, Recognition, awaits_recognition, is_installed

__all__ = ["INSTALL", "NOT_RECOGNISED", "RecognisedPage", "Recognition", "awaits_recognition", "is_installed"]
