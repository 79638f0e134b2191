"""Plain text, Markdown and HTML, and the parts of the text that PDF files share with them."""

from __future__ import annotations

import bz2
import codecs
import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wholedoc.documents.document import Document
from wholedoc.documents.extraction import read_document
from wholedoc.documents.extraction.pages.clean import clean_characters, clean_pdf_text, is_garbled
from wholedoc.documents.extraction.pages.hyphens import join_divided_words
from wholedoc.documents.extraction.pages.paging import PAGE_CHARACTERS, Heading, extracted_from_text, paginate
from wholedoc.documents.extraction.pdf.page_warnings import page_ranges
from wholedoc.documents.extraction.text import markup
from wholedoc.documents.extraction.text.decoding import decode
from wholedoc.documents.extraction.text.html import read_html
from wholedoc.documents.extraction.text.plain import markdown_headings, read_text
from wholedoc.errors import DocumentError, NoTextError, UnreadableFileError

Read = Callable[..., Document]


# --- which files are read -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.docx", b"PK\x03\x04" + bytes(26) + b"word/document.xml", "is damaged (File is not a zip file)"),
        ("a.gif", b"GIF89a" + bytes(8), "is an image (GIF)"),
        ("a.heic", b"\0\0\0\x20ftypheic\0\2\0mif1heic", "is an image (HEIF)"),
        ("a.mp3", b"ID3\4" + bytes(20), "is a sound recording (MPEG)"),
        ("a.md", bz2.compress(b"a short text"), "is binary data (bzip2 compressed archive, by its first bytes)"),
        (
            "a.txt",
            gzip.compress(b"a short text", mtime=0),
            "is binary data (GZIP Archive file, by its first bytes)",
        ),
        ("a.bin", bytes(4000), "is binary data, or UTF-16"),
        ("a.gguf", b"GGUF\3\0\0\0", "is a GGUF model"),
        ("a.md", b"\x7fELF\x02\x01" + bytes(8), "is an executable program"),
        ("a.exe", b"MZ\x90\0\x03\0", "is an executable program"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Word document"),
        ("a.rtf", b"{\\rtf1\\ansi hello}", "is an RTF document"),
        ("a.txt", b"text\0text", "is binary data, or UTF-16"),
        ("a.txt", b"text " * 2000 + b"\0", "has NUL bytes"),
        ("a.txt", bytes(code for code in range(1, 256)) * 4, "is binary data, not text"),
        ("a.pdf", b"<!DOCTYPE html><p>Please log in", "has no PDF inside (it looks like a web page)"),
        ("a.pdf", b"plain words", "has no PDF inside (it looks like text)"),
        ("a.txt", b"\xef\xbb\xbfbad \xff byte", "has invalid bytes at position 4"),
        ("a.txt", b"", "is empty (0 bytes)"),
        ("a.pdf", b"", "is empty (0 bytes)"),
    ],
)
def test_what_cannot_be_read_is_named(read: Read, name: str, data: bytes, words: str) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        read(data, name)
    assert str(caught.value).startswith(f"{name} ")
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


def test_what_is_not_a_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableFileError, match=r"missing\.pdf does not exist"):
        read_document(tmp_path / "missing.pdf")
    with pytest.raises(UnreadableFileError, match="is a directory"):
        read_document(tmp_path)
    with pytest.raises(UnreadableFileError, match="cannot be opened"):
        read_document(tmp_path / "nul\0.pdf")
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(UnreadableFileError, match="is not a regular file"):
        read_document(tmp_path / "pipe.txt")
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden")

    def refuse(*_: object) -> None:  # the permission bits mean nothing to a superuser
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableFileError, match=r"secret.txt cannot be opened \(Permission denied\)"):
        read_document(secret)


@pytest.mark.parametrize(("name", "data"), [("a.txt", b" \n\n "), ("a.html", b"<script>x</script><p> ")])
def test_text_files_without_text_are_refused(read: Read, name: str, data: bytes) -> None:
    with pytest.raises(NoTextError, match="has no text"):
        read(data, name)


def test_a_text_about_pdf_files_is_text(read: Read) -> None:
    assert read("A file starts with %PDF-1.7 · always.".encode(), "about.md").text.startswith("A file starts")


@pytest.mark.parametrize(
    "text", ["MZ is the mark of a program.", "ID3 tags, explained.", "BM, an initial. Ünder it:"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_text_may_begin_with_the_mark_of_another_format(read: Read, text: str, encoding: str) -> None:
    assert read(text.encode(encoding), "a.txt").text == text


# --- encodings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        "naïve café".encode(),
        codecs.BOM_UTF8 + "naïve café".encode(),
        codecs.BOM_UTF16_LE + "naïve café".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "naïve café".encode("utf-16-be"),
        codecs.BOM_UTF32_LE + "naïve café".encode("utf-32-le"),
    ],
)
def test_unicode_text_is_read_without_a_warning(read: Read, data: bytes) -> None:
    document = read(data, "a.txt")
    assert document.text == "naïve café"
    assert document.warnings == ()


def test_other_encodings_are_guessed_with_a_warning(read: Read) -> None:
    document = read("“naïve” — 5 €".encode("cp1252"), "a.txt")
    assert document.text == "“naïve” — 5 €"
    assert document.warnings == (
        "a.txt is not valid UTF-8 and was read as Windows-1252: check its accented letters, or save it as UTF-8.",
    )
    text, (warning,) = decode(b"\xe9t\xe9 \x81", "a.txt")
    assert text == "été "
    assert "Latin-1" in warning


def test_a_web_page_states_its_encoding() -> None:
    page = '<meta charset="windows-1251"><p>Привет'.encode("cp1251")
    extracted = read_html(page, "a.html")
    assert extracted.pages == (("Привет", "1"),)
    assert extracted.warnings == ()
    # A lie about the encoding, or one that Python lacks, does no harm.
    assert read_html(b'<meta charset="no-such"><p>caf\xc3\xa9', "a.html").pages[0][0] == "café"


def test_control_characters_and_line_endings_are_cleaned() -> None:
    assert clean_characters("a\r\nb\rc\x00\x07\ud800d\ufffe\te\x0bf") == "a\nb\ncd\te\nf"
    assert clean_pdf_text("\n  e\ufb03cient \ufb01sh ②  \r\nnext\x0c\n") == "  efficient fish ②\nnext"


# --- pages ----------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\f"), max_size=400), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_pages_put_together_are_the_text(text: str, times: int) -> None:
    long = text * times
    pages = paginate(long)
    assert "".join(page for page, _ in pages) == long
    assert [label for _, label in pages] == [str(number) for number in range(1, len(pages) + 1)]
    assert all(len(page) <= 2 * PAGE_CHARACTERS for page, _ in pages)
    words = long.split()
    if all(len(word) < PAGE_CHARACTERS for word in words):
        assert [word for page, _ in pages for word in page.split()] == words


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t\r\x0b"), max_size=500))
@settings(max_examples=60, deadline=None)
def test_reading_a_text_keeps_every_word(text: str) -> None:
    kept = text.replace("\ufeff", "").replace("\ufffe", "").replace("\uffff", "")
    extracted = read_text(kept.encode(), "a.txt")
    assert [word for page, _ in extracted.pages for word in page.split()] == kept.split()


def test_pages_end_at_paragraphs_then_lines_then_words() -> None:
    paragraph = "word " * 150 + "end.\n\n"
    pages = [page for page, _ in paginate(paragraph * 12)]
    assert len(pages) > 2
    assert all(page.endswith("\n\n") for page in pages)
    assert all(page.endswith("\n") for page, _ in paginate(("x" * 70 + "\n") * 200))
    assert all(page.endswith("ab ") for page, _ in paginate("ab " * 4000))
    assert [len(page) for page, _ in paginate("字" * 7000)] == [3000, 3000, 1000]


def test_form_feeds_are_pages(read: Read) -> None:
    document = read(b"first\n\fsecond\n\f\ffourth\n\f", "a.txt")
    assert [page.text for page in document.pages] == ["first\n", "second\n", "", "fourth\n"]
    assert [page.label for page in document.pages] == ["1", "2", "3", "4"]
    labels = [label for _, label in paginate("short\f" + "long " * 3000)]
    assert labels == ["1", "2.1", "2.2", "2.3", "2.4", "2.5"]


def test_headings_find_their_pages() -> None:
    text = "a" * 2999 + "\n# Two\n" + "b" * 2000 + "\f# Three\n"
    offsets = [text.index("# Two"), text.index("# Three")]
    extracted = extracted_from_text(text, [Heading("x", 1, offset) for offset in offsets], ())
    for entry, title in zip(extracted.outline, ("# Two", "# Three"), strict=True):
        assert title in extracted.pages[entry.page - 1][0]


# --- Markdown and HTML ----------------------------------------------------------------------------------

MARKDOWN = """---
title: front matter
---
# One #

text about C#
```
# not a heading
~~~
```
~~~~python
```
## neither
~~~~
Two
---
    # code
- item
---
### Three C#
#hashtag
#
"""


def test_markdown_stays_as_written_with_its_headings(read: Read) -> None:
    assert [(heading.title, heading.level) for heading in markdown_headings(MARKDOWN)] == [
        ("One", 1),
        ("Two", 2),
        ("Three C#", 3),
    ]
    document = read(MARKDOWN.encode(), "a.md")
    assert document.text == MARKDOWN
    assert [(entry.title, entry.level, entry.page) for entry in document.outline][2] == ("Three C#", 3, 1)


def test_headings_in_an_unclosed_fence_are_code() -> None:
    assert markdown_headings("```\n# code\n") == []


HTML = """<!DOCTYPE html><html><head><title>The Report</title><style>p {color: red}</style></head>
<body><!-- a comment --><script>alert("no")</script><noscript>turn it on</noscript>
<template><p>template text</p></template><p hidden>hidden text</p><p style="display: none">unseen</p>
<h1>Main  heading</h1><p>First <b>bold</b>
 and <a href="http://example.org/secret">a link</a>.<br>After a break.</p>
<ul><li>one</li><li>two</li></ul><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>
<h2>Sub <i>heading</i></h2><pre>  kept
    as is</pre><p>Fish &amp; chips</p></body></html>"""


def test_html_gives_its_visible_text(read: Read) -> None:
    document = read(HTML.encode(), "page.htm")
    assert document.text == (
        "The Report\n\nMain heading\n\nFirst bold and a link.\nAfter a break.\n\none\ntwo\n\na | b\n1 | 2\n\n"
        "Sub heading\n\n  kept\n    as is\n\nFish & chips"
    )
    assert [(entry.title, entry.level, entry.page) for entry in document.outline] == [
        ("Main heading", 1, 1),
        ("Sub heading", 2, 1),
    ]
    assert read(HTML.encode(), "no_suffix").text == document.text


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ("<tr><td><p>a</p><p>b</p></td><td>c<br>d</td></tr>", "a b | c d"),
        ("<tr><td></td><td>b</td><td> </td></tr><tr><td></td></tr><tr><td>e</td></tr>", " | b\ne"),
        ("<tr><td>a<td>b<tr><td>c<td>d", "a | b\nc | d"),
        ("<tr><td><h2>Title</h2><p>one</p></td><td>side</td></tr>", "Title\n\none\n\nside"),
        ("<tr><td>x</td><td><table><tr><td>1</td><td>2</td></tr></table></td></tr>", "x\n1 | 2"),
        (f"<tr><td>x</td><td><p>{'long ' * 120}</p><p>y</p></td></tr>", f"x\n{'long ' * 119}long\n\ny"),
    ],
)
def test_a_row_of_a_table_is_one_line_unless_it_arranges_the_page(rows: str, text: str) -> None:
    (page, _), *_ = read_html(f"<html><table>{rows}</table></html>".encode(), "a.html").pages
    assert page == text


XHTML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title><![CDATA[Fish & Chips]]></title>
<style type="text/css">/*<![CDATA[*/ p > b {} /*]]>*/</style>
<script type="text/javascript">//<![CDATA[
if (a < b && c > d) document.write("<p>no");
//]]></script><script src="a.js"/></head>
<body><p>Before <![CDATA[a < b & c > d, "&amp;" <b>plain</b>]]> after.</p><!-- <![CDATA[ --><p>shown</p><!-- ]]> -->
<script>var mark = "<![CDATA[";</script><p>between</p><script>var end = "]]>";</script>
<SCRIPT><![CDATA[ a > b ]]></SCRIPT><!--><p>commented<!-->
<pre><![CDATA[one
  <tag/> two]]></pre><p><![CDATA[]]>end <![CDATA[of</p> it</body></html>"""


def test_cdata_in_xhtml_is_text_where_it_is_text(read: Read) -> None:
    assert read(XHTML.encode(), "a.xhtml").text == (
        'Fish & Chips\n\nBefore a < b & c > d, "&amp;" <b>plain</b> after.\n\nshown\n\nbetween\n\ncommented\n\n'
        "one\n  <tag/> two\n\nend it"
    )


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_pages_read_the_same_in_pieces_of_any_size(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    whole = [read_html(page.encode(), "a.html") for page in (HTML, XHTML)]
    monkeypatch.setattr(markup, "_PIECE_CHARACTERS", size)
    assert [read_html(page.encode(), "a.html") for page in (HTML, XHTML)] == whole


def test_a_title_that_is_the_heading_is_not_repeated() -> None:
    page = b"<title>Same</title><h1> Same </h1><p>text"
    assert read_html(page, "a.html").pages[0][0] == "Same\n\ntext"


# --- small parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("infor-\nmation about", "information\nabout"),
        ("soft\u00ad\nware and co\u00adop", "software\nand coop"),
        ("(infor-\nmation), about", "(information),\nabout"),
        ("extra-\nordi-\nnary", "extraordinary\n"),
        ("state-of-the-\nart work", "state-of-the-art\nwork"),
        ("1990-\n1995", "1990-\n1995"),
        ("Jean-\nPaul", "Jean-\nPaul"),
        ("a dash -\nnot a word", "a dash -\nnot a word"),
        ("ends in a hyphen-", "ends in a hyphen-"),
    ],
)
def test_words_divided_at_line_ends(text: str, joined: str) -> None:
    assert join_divided_words([text]) == [joined]


def test_the_document_decides_about_hyphens() -> None:
    assert join_divided_words(["a long-\nterm plan", "long-term"])[0] == "a long-term\nplan"
    assert join_divided_words(["a long-\nterm plan", "longterm"])[0] == "a longterm\nplan"


def test_page_ranges_are_short() -> None:
    assert page_ranges([3]) == "page 4"
    assert page_ranges([1, 4, 5, 6]) == "pages 2, 5-7"
    assert page_ranges(range(0, 60, 2)).endswith("37, 39, and 10 more")


def test_garbled_text_is_recognised() -> None:
    assert is_garbled("\ufffd\ufffd a\ue001")
    assert not is_garbled("a sound sentence with one \ufffd in it")
    assert not is_garbled("")


def test_every_document_error_has_its_exit_code() -> None:
    assert all(error.exit_code == 2 for error in (DocumentError, UnreadableFileError, NoTextError))
