"""Here answers become files that can be handed on: a Word document, and the cited PDF with its quotes marked.

May import `documents`, `runtime`, `answer` and the errors. Only the child process changes a PDF.
"""

from .answers import answers_docx
from .marked_pdf import MarkedPdf, marked_pdf

__all__ = ["MarkedPdf", "answers_docx", "marked_pdf"]
