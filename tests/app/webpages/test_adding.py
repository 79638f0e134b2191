"""A page becomes a document: its main text, with the address and the day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from wholedoc.storage.folder import LibraryFolder
from wholedoc.storage.shelf import Shelf
from wholedoc.webpages import PageLimits, add_page, is_address

from ..conftest import SAMPLES, Command
from .site import Site, running

HERE = PageLimits(private=True)
STORY = (
    "The lamp at Cold Point was lit on 211 nights before midsummer, and the keeper wrote down every one of them. "
)
HTML = f"""<!DOCTYPE html><html><head><title>The lamp trimmer's book</title><script>alert("never")</script></head>
<body><nav><ul><li><a href="/">Home</a></li><li><a href="/shop">Buy our lamps</a></li></ul></nav>
<main><article><h1>The lamp trimmer's book</h1><p>{STORY * 3}</p><h2>Fees</h2><p>{STORY * 2}</p>
<table><tr><th>Boat</th><th>Fee</th></tr><tr><td>Bracken</td><td>4,200</td></tr></table></article></main>
<footer>Subscribe to our newsletter</footer></body></html>""".encode()


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as site:
        yield site


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(LibraryFolder(tmp_path / "library"))


def test_the_main_text_is_kept_with_its_address_and_day(site: Site, shelf: Shelf) -> None:
    site.page("/notes/lamp", HTML)
    document = add_page(shelf, site.url("/notes/lamp"), HERE)
    assert STORY.strip() in document.text
    assert "Bracken" in document.text
    assert not re.search("newsletter|Buy our lamps|alert", document.text)
    assert re.fullmatch(
        rf"Fetched from {re.escape(site.url('/notes/lamp'))} on \d{{4}}-\d\d-\d\d\.", document.warnings[0]
    )
    assert "left out" in document.warnings[1]
    assert document.name == "127.0.0.1-notes-lamp.html"
    assert [entry.title for entry in document.outline][-1] == "Fees"
    assert shelf.document(document.id).warnings == document.warnings
    assert shelf.folder.originals.path(document.id).read_bytes() == HTML
    assert not list(shelf.folder.incoming.folder.glob("*")), "nothing is left on its way in"


def test_a_page_without_a_main_text_is_kept_whole(site: Site, shelf: Shelf) -> None:
    site.page("/a", b"<html><body><div>Ten words are too few for an article, but kept.</div></body></html>")
    assert "too few" in add_page(shelf, site.url("/a"), HERE).text


@pytest.mark.parametrize("path", ["/paper.pdf", "/paper"])
def test_what_is_no_html_is_read_as_what_it_is(site: Site, shelf: Shelf, path: str) -> None:
    site.page(path, (SAMPLES / "short_notice.pdf").read_bytes(), "application/pdf")
    document = add_page(shelf, site.url(path), HERE)
    assert len(document.pages) == 5
    assert document.name == "127.0.0.1-paper.pdf"
    assert document.warnings[0].startswith("Fetched from ")


def test_the_address_that_answered_is_named_beside_the_one_that_was_asked(site: Site, shelf: Shelf) -> None:
    site.page("/a", b"", status=302, Location="/b")
    site.page("/b", b"A plain text.", "text/plain")
    document = add_page(shelf, site.url("/a"), HERE)
    assert f"which led to {site.url('/b')}" in document.warnings[0]
    assert document.text == "A plain text."


def test_only_addresses_of_pages_are_taken_for_them() -> None:
    assert all(map(is_address, ("https://example.org/a", "HTTP://example.org")))
    assert not any(map(is_address, ("report.pdf", "/tmp/http/a.html", "ftp://example.org", "https:")))


def test_the_command_fetches_only_what_is_named_and_private_pages_when_told(
    wholedoc: Command, tiny_model: Path, site: Site
) -> None:
    site.page("/a", HTML)
    model = ("--model", tiny_model, "--chunk-tokens", "256")
    code, _, err = wholedoc("add", site.url("/a"), *model)
    assert code == 2
    assert "--private-pages" in err
    assert site.requests == []
    code, out, err = wholedoc("add", site.url("/a"), "--private-pages", *model)
    assert code == 0, err
    assert "127.0.0.1-a.html: 1 page" in out
    assert "Fetched from " in err
    code, _, err = wholedoc("ask", site.url("/a"), "-q", "Which lamp?", *model)
    assert code == 2
    assert "wholedoc add" in err
    assert len(site.requests) == 1
