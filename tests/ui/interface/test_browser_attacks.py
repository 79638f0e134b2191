"""What documents, models and foreign web pages try in a real browser."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cmarkgfm
import openpyxl
import pytest
from cmarkgfm.cmark import Options

from ...app.server.serving import until
from ..browser import Server, Tab, free_port
from ..payloads import PAYLOADS
from ..test_export import active

pytest.importorskip("gradio")
pytestmark = pytest.mark.embedded
USER, PASSWORD = "anna", "sesame"
# `wholedoc` whose model says what it is asked, as one that obeys a hostile document may, and quotes it.
ECHO = """
from wholedoc import Answer, Citation, Cited, Done, Library, Timings, Token, Usage
from wholedoc.cli import main

def echo(self, documents, question, **rest):
    quote = Citation(documents[0], question, 1, question, question, 0.8)
    yield Cited((quote,))
    yield Token(question)
    yield Done(Answer(question, question, True, (1,), (quote,), (), Usage(9, 9, 9, 9, 9), Timings(0.1, 0.2, 0.3)))

Library.stream = echo
main()
"""
# The same for questions to every part, whose answers say all of `PAYLOADS`, and for what introduces a document.
SAYS_ALL = """
from pathlib import Path
from wholedoc import Answer, AskingParts, Done, Introduction, Item, Kind, Library, ScoredChunk, Timings, Usage
from wholedoc.answer import Everywhere, SummarySection, SummarySentence
from wholedoc.cli import main
from wholedoc.storage.notes import Notes

PAYLOADS = {payloads!r}
USED = Usage(9, 9, 9, 9, 9), Timings(0.1, 0.2, 0.3)

def sections(id):
    return tuple(SummarySection(one, id, one, (1, 1), (SummarySentence(one, (1,), (one,)),)) for one in PAYLOADS)

def everywhere(self, documents, question, *, kind, **rest):
    (id,) = documents
    items = tuple(Item(one, id, one, 1, one, one, verified=True) for one in PAYLOADS)
    yield AskingParts(1, 2, items)
    said = "\\n\\n".join(PAYLOADS)
    found = {{"sections": sections(id)}} if kind is Kind.SUMMARY else {{"items": items}}
    chunks = (ScoredChunk(id, (1, 2), 100, 2.0, 0.3, True),)
    told = Everywhere(2, 2, **found, documents=(id,), lead=said)
    yield Done(Answer(question, said, True, (1,), (), chunks, *USED, unsupported=tuple(PAYLOADS), everywhere=told))

def stream(self, documents, question, **rest):
    (id,) = documents
    chunks = (ScoredChunk(id, (1, 2), 100, 2.0, 0.3, True),)
    yield Done(Answer(question, question, True, (1,), (), chunks, *USED))

Library.everywhere, Library.stream = everywhere, stream
Library.wanted = lambda self, question, *rest: {{"L": Kind.LIST, "S": Kind.SUMMARY}}.get(question[0])
Library.can_ask_everywhere = lambda *_: True
Notes.introduction = lambda self, id: Introduction(
    id, PAYLOADS[0], 3, " ".join(PAYLOADS), sections(id), tuple(PAYLOADS[:5])
)
main()
"""
SHEET = "<x-y onclick=alert(8)>{{x}}${y}"[:30]
# So many are said at a time. Those that would take what follows for code are the last of theirs.
TOGETHER = ["\n\n".join(PAYLOADS[first::5]) for first in range(5)]
# What none of our own elements is: whatever of it is on the page was said by a document.
FOREIGN = ", ".join(
    (
        "x-y",
        "iframe",
        "svg[onload]",
        "details[ontoggle]",
        "[onerror]",
        "[onclick='alert(8)']",
        *(
            f"{element}[{at}^='{scheme}']"
            for element, at in (("a", "href"), ("img", "src"))
            for scheme in ("ftp:", "javascript:", "mailto:", "xmpp:")
        ),
        *(
            f"{element}[{at}*='{host}']"
            for element, at in (("a", "href"), ("img", "src"))
            for host in ("evil", ":9/")
        ),
    )
)
# What must not be in the conversation: Gradio's own parts of a message are buttons and pictures of its icons.
ACTIVE = (
    "#wd-chat .message :is(a[href], img, iframe, script, style, details:not(.wd-cost), object, embed, form, b, "
    "x-y, svg[onload])"
)
ATTACK = """<!doctype html><title>a game</title><img id=img><iframe id=frame></iframe>
<a id=link href="{url}">a link</a>
<form id=form target=frame method=post action="{url}gradio_api/queue/join"><input name=data value=x></form>"""
# Every way in which a page may send something without asking, and then with asking.
SENDING = """async url => {
  const form = new FormData();
  form.append("files", new Blob(["x".repeat(1000)]), "planted.txt");
  const send = (path, rest) => fetch(url + path, rest).then(answer => answer.text()).catch(() => "");
  const read = [];
  for (const mode of ["no-cors", "cors"])
    for (const credentials of ["include", "omit"]) {
      read.push(await send("gradio_api/upload", { method: "POST", body: form, mode, credentials }));
      read.push(await send("gradio_api/queue/join", { method: "POST", body: "{}", mode, credentials }));
      read.push(await send("logout", { mode, credentials }));
      read.push(await send("config", { mode, credentials }));
    }
  read.push(await send("gradio_api/upload", { method: "PUT", body: form }));
  document.getElementById("img").src = url + "logout";
  document.getElementById("form").submit();
  return read.join("");
}"""


@contextmanager
def served(folder: Path, embedded_folder: Path, *arguments: str, **rest: Any) -> Iterator[Server]:
    home = folder / "library"
    (home / "models").mkdir(parents=True)
    (home / "models" / embedded_folder.name).symlink_to(embedded_folder)
    running = Server(home, free_port(), arguments, **rest)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def another_site(page: str) -> Iterator[int]:
    """Serve this page on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: Any) -> None:
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    try:
        yield site.server_port
    finally:
        site.shutdown()
        thread.join()
        site.server_close()


def uploads_in(server: Server) -> list[str]:
    return [
        path.name for path in (server.home / "incoming").rglob("*") if path.is_file() and path.suffix != ".lock"
    ]


def test_nothing_that_is_said_acts_in_the_page_or_in_what_is_saved(
    browser: Any, embedded_folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a <img src=x onerror=alert(1)> www.evil.example anna@evil.example.txt"
    file.write_text("\n\n".join(PAYLOADS), encoding="utf-8")
    with served(tmp_path, embedded_folder, program=ECHO) as server:
        context = browser.new_context()
        tab = Tab(context.new_page(), server)
        tab.open()
        tab.drop(file)
        tab.row("evil.example").wait_for()
        for count, payloads in enumerate(TOGETHER, 1):
            tab.ask(payloads)
            tab.page.wait_for_function(
                "count => document.querySelectorAll('#wd-chat [data-testid=bot]').length === count", arg=count
            )
            tab.wait_answer()
            assert tab.page.locator(ACTIVE).count() == 0, payloads
            tab.page.locator(".wd-citations button").first.click()
        links = tab.page.locator("a").evaluate_all("links => links.map(link => link.href)")
        assert [link for link in links if not link.startswith(server.url)] == []
        assert tab.page.evaluate("window.pwned") is None
        with tab.page.expect_download() as download:
            tab.page.click("text=Save as Markdown")
        download.value.save_as(tmp_path / "saved.md")
        saved = (tmp_path / "saved.md").read_text(encoding="utf-8")
        assert saved.count("## ") >= len(TOGETHER)
        assert active(saved) == []
        tab.page.set_content(cmarkgfm.github_flavored_markdown_to_html(saved, options=Options.CMARK_OPT_UNSAFE))
        tab.page.wait_for_timeout(300)
        assert tab.page.evaluate("window.pwned") is None
        tab.check_clean()
        context.close()


def test_nothing_acts_wherever_a_document_is_shown(browser: Any, embedded_folder: Path, tmp_path: Path) -> None:
    """Its name, sheets and pages, its introduction, lists, summaries, the strip and conversations' names."""
    file = tmp_path / "a {{x}} ${y} <img src=x onerror=alert(1)>.xlsx"
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet()):
        sheet.title = SHEET + str(len(book.sheetnames))
        for payload in PAYLOADS:
            sheet.append([payload])
    book.save(file)
    with served(tmp_path, embedded_folder, program=SAYS_ALL.format(payloads=PAYLOADS)) as server:
        context = browser.new_context()
        tab = Tab(context.new_page(), server)
        page = tab.page
        tab.open()
        tab.drop(file)
        tab.wait_read("onerror")
        page.locator(".wd-introduction li").nth(len(PAYLOADS) - 1).wait_for()
        check_inert(tab)
        for asked, shown in (
            ("L" + PAYLOADS[1], ".wd-items tbody tr"),
            ("S" + PAYLOADS[3], ".wd-sections details"),
        ):
            tab.ask(asked)
            tab.wait_answer()
            assert page.locator(f"#wd-chat {shown}").count() == len(PAYLOADS)
            check_inert(tab)
        page.locator(".wd-sections summary").first.click()
        page.locator(".wd-open-item").first.click()
        page.locator(".wd-citations, .wd-viewer").first.wait_for()
        check_inert(tab)
        tab.ask(PAYLOADS[5])
        tab.wait_answer()
        assert SHEET in str(page.locator(".wd-bar").first.get_attribute("title"))
        page.reload()
        tab.wait_ready()
        page.locator(".wd-conversation").first.wait_for()
        assert "onerror" in page.locator(".wd-conversation").first.inner_text()
        check_inert(tab)
        tab.check_clean()
        context.close()


def check_inert(tab: Tab) -> None:
    """Check the whole page, what is hidden too."""
    assert tab.page.locator(FOREIGN).evaluate_all("all => all.map(one => one.outerHTML)") == []
    assert tab.page.evaluate("window.pwned") is None


@pytest.mark.parametrize("command", ["ui", "serve"])
def test_foreign_pages_do_nothing_and_a_link_opens_the_page(
    browser: Any, embedded_folder: Path, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHOLEDOC_KEY", PASSWORD)
    arguments = ("--auth", f"{USER}:{PASSWORD}") if command == "ui" else ()
    with served(tmp_path, embedded_folder, *arguments, command=command) as server:
        user = USER if command == "ui" else "wholedoc"
        context = browser.new_context()
        page = context.new_page()
        page.goto(server.url)
        page.get_by_label("username").fill(user)
        page.get_by_label("password").fill(PASSWORD)
        page.keyboard.press("Enter")
        tab = Tab(page, server)
        tab.wait_ready()
        assert {cookie["sameSite"] for cookie in context.cookies()} == {"Strict"}

        with another_site(ATTACK.format(url=server.url)) as port:
            for site in (f"http://127.0.0.1:{port}/", f"http://localhost:{port}/"):
                foreign = context.new_page()
                statuses: list[tuple[str, int]] = []
                foreign.on("response", lambda one, seen=statuses: seen.append((one.url, one.status)))
                foreign.goto(site)
                assert foreign.evaluate(SENDING, server.url) == ""
                foreign.wait_for_timeout(500)
                sent = [status for url, status in statuses if url.startswith(server.url)]
                assert len(sent) >= 8  # the browser tells of no answer that it keeps from the page
                assert set(sent) == {403}
                assert uploads_in(server) == []
                foreign.click("#link")
                opened = Tab(foreign, server)
                opened.wait_ready()  # a login was asked for otherwise: nobody logged out, and the cookie came along
                foreign.reload()
                opened.wait_ready()
                foreign.close()
        page.reload()
        tab.wait_ready()
        context.close()


def test_a_server_that_was_killed_leaves_nothing_to_the_next(embedded_folder: Path, tmp_path: Path) -> None:
    with served(tmp_path, embedded_folder) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.sendall(
                b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n"
                b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
                b'--b\r\nContent-Disposition: form-data; name="files"; filename="half.txt"\r\n\r\n'
                + b"x"
                * 1_000_000
            )
            until(lambda: uploads_in(server))
            server.kill()
        (left,) = [path for path in (server.home / "incoming").iterdir() if path.is_dir()]
        server.start()
        assert not left.exists()
        assert uploads_in(server) == []
