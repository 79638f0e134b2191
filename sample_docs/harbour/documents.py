"""The PDF files, each as bytes that come out the same on every run."""

from __future__ import annotations

from typing import Any

from reportlab.platypus import NextPageTemplate, PageBreak, Paragraph

from harbour import accounts, layout, register
from harbour.pages import Table


def harbour_register() -> bytes:
    """The long one: front matter in roman numbers, thirteen chapters, more than 131,072 tokens."""
    front: list[Any] = [
        layout.gap(42),
        Paragraph(accounts.TITLE, layout.TITLE),
        layout.gap(8),
        Paragraph(accounts.YEAR, layout.UNDER),
        layout.gap(58),
        Paragraph("Printed for the Commissioners at the Custom House", layout.UNDER),
        NextPageTemplate("front"),
        PageBreak(),
        layout.plain_heading("To the Reader"),
        *(Paragraph(text, layout.BODY) for text in accounts.PREFACE),
        PageBreak(),
        layout.plain_heading("Contents"),
        layout.contents(),
        PageBreak(),
        layout.plain_heading("Words Used in this Register"),
        *layout.set_table(Table("Terms", ("Word", "Meaning"), (2, 7), accounts.TERMS)),
    ]
    return layout.set_book(accounts.TITLE, front, register.chapters())
