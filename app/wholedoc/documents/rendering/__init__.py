"""A page of a PDF as a picture, and where on it a quote stands, from a limited child process."""

from .limits import RenderingLimits
from .page_image import Box, PageImage
from .renderer import render_page

__all__ = ["Box", "PageImage", "RenderingLimits", "render_page"]
