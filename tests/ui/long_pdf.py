"""A PDF of very many pages, written in a moment."""

from __future__ import annotations

from pathlib import Path

from reportlab.pdfgen import canvas

WORDS = "The ferry of this day left the North Mole at nine and came back with sheep, salt and the mail."


def write_long_pdf(path: Path, pages: int = 1158) -> Path:
    """Write a PDF in which page 900 alone has the word "heronry"; every tenth page begins a chapter."""
    paper = canvas.Canvas(str(path), pagesize=(420, 595))
    for page in range(1, pages + 1):
        if page % 10 == 1:
            paper.bookmarkPage(f"at{page}")
            paper.addOutlineEntry(f"Chapter {page // 10 + 1}", f"at{page}", level=0)
        paper.setFont("Helvetica", 10)
        paper.drawString(40, 550, f"Entry {page}")
        for line in range(36):
            words = "a heronry" if page == 900 and line == 20 else f"{page * line} crates"
            paper.drawString(40, 530 - 14 * line, f"{WORDS[: 60 + line % 7]} {words}")
        paper.showPage()
    paper.save()
    return path
