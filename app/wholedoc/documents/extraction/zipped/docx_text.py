"""The text of a Word document's paragraphs, with what is unusual about it counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from .xml import XML, local

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_OFF = frozenset(("0", "false", "off", "none"))
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
# These hold more of the same paragraph.
_WRAPPERS = frozenset(
    (
        *("hyperlink", "ins", "moveTo", "smartTag", "sdt", "sdtContent", "fldSimple", "customXml", "bdo", "dir"),
        *("ruby", "rubyBase", "oMath", "oMathPara", "AlternateContent", "Choice"),
    )
)
_NOTES = {"footnoteReference": "footnote", "endnoteReference": "endnote"}
_DELETED = frozenset(("del", "moveFrom"))


@dataclass
class Findings:
    """What is not plain text: counts of changes, characters and pictures, notes in order, and text in boxes."""

    inserted: int = 0
    deleted: int = 0
    hidden: int = 0
    pictures: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[XML] = field(default_factory=list)


def is_on(element: XML | None) -> bool:
    """Return whether a property is there and not switched off."""
    return element is not None and element.get(f"{W}val", "1").lower() not in _OFF


def paragraph_text(paragraph: XML, found: Findings) -> str:
    """Return a paragraph's text as if all changes were accepted, without hidden text; notes leave "[1]" behind."""
    return "".join(_inline(paragraph, found))


def _inline(parent: XML, found: Findings) -> list[str]:
    texts: list[str] = []
    for child in parent:
        name = local(child)
        if name == "r":
            texts += _run(child, found)
        elif name in _DELETED:
            found.deleted += 1
        elif name in _WRAPPERS:
            found.inserted += name in ("ins", "moveTo")
            texts += _inline(child, found)
    return texts


def _run(run: XML, found: Findings) -> list[str]:
    if run.tag != f"{W}r":  # of a formula
        return ["".join(one.text or "" for one in run if local(one) == "t")]
    properties = run.find(f"{W}rPr")
    texts = _run_texts(run, found)
    if properties is not None and is_on(properties.find(f"{W}vanish")):
        found.hidden += len("".join(texts))
        return []
    return texts


def _run_texts(run: XML, found: Findings) -> list[str]:
    texts: list[str] = []
    for child in run:
        name = local(child)
        if name == "t":
            texts.append(child.text or "")
        elif name in _SIGNS:
            texts.append(_SIGNS[name])
        elif name in _NOTES:
            found.notes.append((_NOTES[name], child.get(f"{W}id", "")))
            texts.append(f"[{len(found.notes)}]")
        elif name == "ruby":
            texts += _inline(child, found)
        elif name in ("drawing", "pict", "object", "AlternateContent"):
            _drawing(child, found)
    return texts


def _drawing(drawing: XML, found: Findings) -> None:
    """Note the text boxes of a drawing, and count it as a picture if it has none."""
    choice = next((one for one in drawing.iter() if local(one) == "Choice"), None)
    inner = drawing if choice is None else choice  # the fallback says the same again
    boxes = [
        one
        for one in inner.iter(f"{W}txbxContent")
        if next(one.iterancestors(f"{W}txbxContent"), None) in (None, *drawing.iterancestors(f"{W}txbxContent"))
    ]
    found.boxes += boxes
    found.pictures += not boxes
