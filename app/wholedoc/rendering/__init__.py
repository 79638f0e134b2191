"""A page of a PDF as a picture, and where on it a quote stands, from a limited child process."""

from wholedoc.rendering.limits import RenderingLimits
from wholedoc.rendering.page_image import Box, PageImage
from wholedoc.rendering.renderer import render_page

__all__ = ["Box", "PageImage", "RenderingLimits", "render_page"]
