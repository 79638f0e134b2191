"""Reads a PDF by a program that is compared with, in the interpreter that has it. Prints JSON.

It imports nothing of this project, which need not be installed there.
"""

import json
import sys
import time


def by_pymupdf4llm(path: str) -> list[str]:
    import pymupdf4llm

    return [page["text"] for page in pymupdf4llm.to_markdown(path, page_chunks=True, show_progress=False)]


def by_pdfplumber(path: str) -> list[str]:
    """Its text, and below it the tables that it finds, a line for each row."""
    import pdfplumber

    with pdfplumber.open(path) as document:
        pages = []
        for page in document.pages:
            rows = (row for table in page.extract_tables() for row in table)
            lines = (" | ".join((cell or "").replace("\n", " ") for cell in row) for row in rows)
            pages.append("\n".join([page.extract_text() or "", *lines]))
        return pages


if __name__ == "__main__":
    name, path = sys.argv[1:]
    started = time.perf_counter()
    pages = {"pymupdf4llm": by_pymupdf4llm, "pdfplumber": by_pdfplumber}[name](path)
    print()
    print(json.dumps({"pages": pages, "seconds": time.perf_counter() - started}))
