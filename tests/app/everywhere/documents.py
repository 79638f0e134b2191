"""Documents of a few pages for the tests of questions to every part."""

from __future__ import annotations

from collections.abc import Sequence

from wholedoc.documents.document import Document, OutlineEntry


def document_of(
    *pages: str, outline: Sequence[OutlineEntry] = (), name: str = "log.txt", id: str = "log"
) -> Document:
    """Return a document with these pages, labelled by roman numbers so that labels are told from numbers."""
    labels = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
    return Document.from_pages(id, name, list(zip(pages, labels, strict=False)), tuple(outline))


HEAD = "Log of the Harbour Page {}\n"
# Four pages with running heads; a paragraph goes over the end of the second.
LOG = document_of(
    HEAD.format(1)
    + "Incident 1. 3 May, the Amber Dove. 1,200 litres of gas oil ran from the ferry Amber Dove at Corn Quay.\n"
    + "Incident 2. 9 May, the Quiet Finch. The barge Quiet Finch took the ground in Gannet Sound and was freed.\n",
    HEAD.format(2)
    + "Incident 3. 12 May, the Bold Wren. 90 litres of gas oil ran from the tug Bold Wren at North Mole through a\n"
    + "cracked pipe. She was held for two days. Her master said that the pipe had been passed as sound by the\n",
    HEAD.format(3)
    + "surveyor in March, which the surveyor denied.\n"
    + "Incident 4. 20 May, the Amber Dove. The ferry Amber Dove lost an anchor off Saltgate.\n",
    HEAD.format(4) + "A fine of 5,400 crowns was imposed on Ruddock and Sons, payable by 1 June.\n",
    outline=(OutlineEntry("Incidents", 1, 1), OutlineEntry("May", 2, 1), OutlineEntry("Fines", 1, 4)),
)
