"""Here a page of a PDF is drawn as a picture, and a quote found on it, by a limited child process.

May import `extraction`, `wholedoc.runtime` and the errors. Only the child process imports pdfium and Pillow.
"""

from .limits import RenderingLimits
from .page_image import Box, PageImage, TextLine
from .renderer import PageRenderer, render_page

__all__ = ["Box", "PageImage", "PageRenderer", "RenderingLimits", "TextLine", "render_page"]
