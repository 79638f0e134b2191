"""Books (EPUB): a ZIP archive of web pages, each of which is a chapter, in the order that the book states."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from ....errors import PasswordError
from ..counting import counted
from ..pages.blocks import Block, Paragraph, Section, Title, extracted_from_sections, short_label
from ..pages.clean import clean_line
from ..pages.extracted import Extracted
from ..pages.paging import Heading
from ..text.html import WebPage, read_web_page
from .package import Package
from .xml import XML, attribute, named, parse_xml

_PAGES = frozenset(("application/xhtml+xml", "text/html"))
# Fonts may be garbled without the book being protected.
_GARBLED_FONT = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def read_epub(package: Package) -> Extracted:
    """Read a book: its chapters, labelled as its table of contents calls them. Raises `DocumentError`."""
    _refuse_protected(package)
    opf = _package_file(package)
    root = parse_xml(package.read(opf), package.source)
    folder = posixpath.dirname(opf)
    items = {attribute(one, "id"): one for one in named(root, "item")}
    titles = _contents(package, root, items, folder)
    sections: list[Section] = []
    warnings: list[str] = []
    hidden = 0
    missing: list[str] = []
    for number, path in enumerate(_spine(root, items, folder), 1):
        data = package.get(path)
        if data is None:
            missing.append(clean_line(path))
            continue
        page = read_web_page(data, package.source.name, "utf-8")
        hidden += page.hidden_characters
        warnings += [warning for warning in page.warnings if warning not in warnings]
        if page.text.strip():
            sections.append(_chapter(page, titles.get(path, ""), number))
    if missing:
        warnings.append(f"Chapters that the book names are not in it: {', '.join(missing[:10])}.")
    if hidden:
        warnings.append(f"Hidden text was left out: {counted(hidden, 'character')}.")
    return extracted_from_sections(sections, tuple(warnings))


def _refuse_protected(package: Package) -> None:
    encryption = package.get("META-INF/encryption.xml")
    if encryption is None:
        return
    methods = [
        attribute(one, "Algorithm") for one in named(parse_xml(encryption, package.source), "EncryptionMethod")
    ]
    if any(method not in _GARBLED_FONT for method in methods) or "META-INF/rights.xml" in package.entries:
        raise PasswordError(
            f"{package.source.name} is protected against copying, so it cannot be read here: add a copy without"
            " protection."
        )


def _package_file(package: Package) -> str:
    """Return the name of the file that says what the book consists of."""
    container = package.get("META-INF/container.xml")
    if container is not None:
        for one in named(parse_xml(container, package.source), "rootfile"):
            if (path := attribute(one, "full-path")) in package.entries:
                return str(path)
    found = next((name for name in package.entries if name.endswith(".opf")), None)
    if found is None:
        raise package.source.damaged("it does not say what it consists of")
    return found


def _spine(root: XML, items: dict[str | None, XML], folder: str) -> Iterator[str]:
    """Yield the chapters' paths in reading order, each once."""
    seen: set[str] = set()
    for reference in named(root, "itemref"):
        item = items.get(attribute(reference, "idref"))
        if item is not None and attribute(item, "media-type") in _PAGES:
            path = _path(folder, attribute(item, "href") or "")
            if path not in seen:
                seen.add(path)
                yield path


def _contents(package: Package, root: XML, items: dict[str | None, XML], folder: str) -> dict[str, str]:
    """Return the first title that the table of contents has for each file; empty where there is none."""
    titles: dict[str, str] = {}
    for item in items.values():
        href = _path(folder, attribute(item, "href") or "")
        is_contents = "nav" in (attribute(item, "properties") or "").split()
        if not is_contents and attribute(item, "media-type") != "application/x-dtbncx+xml":
            continue
        data = package.get(href)
        if data is None:
            continue
        base = posixpath.dirname(href)
        found = _nav_titles(data, package) if is_contents else _ncx_titles(data, package)
        for target, title in found:
            if title:
                titles.setdefault(_path(base, target), title)
    return titles


def _nav_titles(data: bytes, package: Package) -> Iterator[tuple[str, str]]:
    for link in named(parse_xml(data, package.source), "a"):
        yield attribute(link, "href") or "", clean_line("".join(link.itertext()))


def _ncx_titles(data: bytes, package: Package) -> Iterator[tuple[str, str]]:
    for point in named(parse_xml(data, package.source), "navPoint"):
        content = next(named(point, "content"), None)
        label = next(named(point, "text"), None)
        if content is not None and label is not None:
            yield attribute(content, "src") or "", clean_line(label.text or "")


def _path(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))


def _chapter(page: WebPage, title: str, number: int) -> Section:
    """Return a chapter as a page, with its headings where they stand."""
    named = title or next((one.title for one in page.headings), "") or page.title or f"chapter {number}"
    blocks = list(_blocks(page.text, page.headings))
    if title and not any(isinstance(block, Title) for block in blocks):
        blocks = list(_untitled(title, page.text))
    return Section(short_label(named), tuple(blocks))


def _untitled(title: str, text: str) -> Iterator[Block]:
    """Yield a chapter whose title is only in the contents; a first line that says it is the title."""
    first, _, rest = text.partition("\n")
    yield Title(title, 1)
    yield Paragraph(rest if clean_line(first).casefold() == title.casefold() else text)


def _blocks(text: str, headings: list[Heading]) -> Iterator[Block]:
    position = 0
    for heading in headings:
        if before := text[position : heading.offset].strip():
            yield Paragraph(before)
        line_end = text.find("\n\n", heading.offset)
        position = len(text) if line_end < 0 else line_end
        yield Title(heading.title, heading.level)
    if rest := text[position:].strip():
        yield Paragraph(rest)
