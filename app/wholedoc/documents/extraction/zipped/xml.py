"""XML out of an untrusted archive: no entities, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from lxml import etree

from ..source import Source

# An element of lxml, which has no types.
XML: TypeAlias = Any


def parse_xml(data: bytes, source: Source) -> XML:
    """Parse a part of an archive. Entities stay unexpanded. Raises `UnreadableFileError`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise source.damaged(error) from error


def local(element: XML) -> str:
    """Return an element's name without its namespace; "" for comments and instructions."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def attribute(element: XML, name: str) -> str | None:
    """Return an attribute by its name without the namespace, or None."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None


def named(root: XML, name: str) -> Iterator[XML]:
    """Yield all elements below `root` of this local name, in document order."""
    return root.iter(f"{{*}}{name}")
