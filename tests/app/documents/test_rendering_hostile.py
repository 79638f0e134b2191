"""Hostile pages end in one clear sentence or in a picture of bounded size, and no worker's answer is trusted."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pypdf
import pytest
from PIL import Image

from wholedoc.documents.extraction.pages.extracted import InvalidResultError
from wholedoc.documents.rendering import Box, PageRenderer, RenderingLimits, TextLine, render_page, renderer
from wholedoc.documents.rendering.reply import answer_to_bytes, parse_answer, parse_lines, parse_places, parse_sizes
from wholedoc.errors import DocumentError, ExtractionLimitError, PasswordError, UnreadableFileError

from .extraction_files import one_page_pdf, raw_pdf, show, stream
from .rendering_files import quote_page

MODEST = RenderingLimits(seconds=20, memory_bytes=400 << 20)
TINY = RenderingLimits(pixels=10_000, side=200)


def _file(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "hostile.pdf"
    path.write_bytes(data)
    return path


def _sized(box: bytes) -> bytes:
    return one_page_pdf(stream(show(b"hello"))).replace(b"[0 0 612 792]", box)


def test_a_vast_page_is_a_small_picture(tmp_path: Path) -> None:
    image = render_page(_file(tmp_path, _sized(b"[0 0 1000000 1000000]")), 1, limits=MODEST)
    assert (image.width, image.height) == (1000, 1000)


def test_a_long_page_is_scaled_down(tmp_path: Path) -> None:
    image = render_page(_file(tmp_path, _sized(b"[0 0 600 14400]")), 1, quote="hello", limits=MODEST)
    assert image.width * image.height <= MODEST.pixels
    assert image.height <= MODEST.side
    assert image.height / image.width == pytest.approx(24, rel=0.002)
    assert len(image.boxes) == 1


@pytest.mark.parametrize("box", [b"[0 0 1 100000]", b"[0 0 100000 1]", b"[0 0 0.001 9%s.5]" % (b"0" * 30)])
def test_a_page_like_a_thread_is_refused(tmp_path: Path, box: bytes) -> None:
    with pytest.raises(ExtractionLimitError, match=r"^Page 1 of hostile\.pdf is .* too long and narrow"):
        render_page(_file(tmp_path, _sized(box)), 1, limits=MODEST)


@pytest.mark.parametrize("box", [b"[0 0 0 0]", b"[5 5 5 5]", b"[0 0 nan inf]", b"[612 792 0 0]", b"7"])
def test_a_senseless_size_harms_nobody(tmp_path: Path, box: bytes) -> None:
    assert render_page(_file(tmp_path, _sized(box)), 1, limits=MODEST).width == 1000


def test_letters_of_no_sensible_size_or_place(tmp_path: Path) -> None:
    vast, tiny = b"1" + b"0" * 30 + b".5", b"0." + b"0" * 30 + b"1"
    content = b"BT /F1 12 Tf V 0 0 V -V V Tm (hello) Tj T 0 0 T 9 9 Tm (there) Tj ET"
    content = content.replace(b"V", vast).replace(b"T ", tiny + b" ")
    image = render_page(_file(tmp_path, one_page_pdf(stream(content))), 1, quote="hello there", limits=MODEST)
    assert len(image.boxes) <= 2  # and `render_page` has checked that they are on the page


def _drawing_itself(times: int, depth: int) -> bytes:
    def form(content: bytes, inner: int) -> bytes:
        resources = b"/Resources << /XObject << /X %d 0 R >> /Font << /F1 5 0 R >> >>" % inner
        return stream(content, b"/Type /XObject /Subtype /Form /BBox [0 0 600 800] " + resources)

    forms = [form(b"/X Do " * times, 7 + step) for step in range(depth)]
    leaf = stream(show(b"leaf"), b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]")
    return one_page_pdf(stream(b"/X Do"), *forms, leaf, resources=b"/XObject << /X 6 0 R >>")


def test_a_page_that_takes_forever_is_stopped(tmp_path: Path) -> None:
    path = _file(tmp_path, _drawing_itself(10, 11))
    before = set(psutil.Process().children(recursive=True))  # what other tests keep for all, a server of forks
    started = time.monotonic()
    with pytest.raises(ExtractionLimitError, match=r"^Showing page 1 of hostile\.pdf took more than 1 s"):
        render_page(path, 1, limits=RenderingLimits(seconds=1))
    assert time.monotonic() - started < 5
    assert set(psutil.Process().children(recursive=True)) <= before


def test_a_page_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    data = one_page_pdf(stream(show(b"hello") + b" " * 120_000_000, compress=True))
    path = _file(tmp_path, data)
    with pytest.raises(DocumentError, match=r"needs more memory|made its renderer crash"):
        render_page(path, 1, limits=RenderingLimits(memory_bytes=100 << 20))
    assert render_page(path, 1).width == 1000  # the same page is fine with the usual limits


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\nthis is no PDF at all\n%%EOF\n",
        raw_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]),
        one_page_pdf(stream(show(b"one")), count=3).replace(b"/Kids [3 0 R]", b"/Kids [3 0 R 99 0 R 98 0 R]"),
    ],
    ids=["junk", "self-parent", "missing-page"],
)
def test_damaged_files_are_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"hostile\.pdf (is damaged|has only|and cannot)|cannot be shown"):
        render_page(_file(tmp_path, data), 3, limits=MODEST)


def _replace_worker(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(renderer, "worker_command", lambda: [sys.executable, "-I", "-c", code])


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("import os; os.abort()", UnreadableFileError, "(stopped by SIGABRT)"),
        ("import os; os.kill(os.getpid(), 11)", UnreadableFileError, "(stopped by SIGSEGV)"),
        ("import os; os.kill(os.getpid(), 9)", ExtractionLimitError, "needs more memory"),
        ("raise RecursionError('too deep')", UnreadableFileError, "(RecursionError: too deep)"),
        ("print('not an answer')", UnreadableFileError, "made its renderer crash"),
        ("print('x' * 3_000_000)", UnreadableFileError, "(its answer is too large)"),
        ("pass", UnreadableFileError, "made its renderer crash"),
        ("import time; time.sleep(60)", ExtractionLimitError, "took more than 1 s"),
    ],
)
def test_a_crashed_worker_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, error: type[DocumentError], words: str
) -> None:
    _replace_worker(monkeypatch, code)
    with pytest.raises(error) as caught:
        render_page(_file(tmp_path, quote_page()), 1, width=100, limits=RenderingLimits(1, pixels=10_000))
    assert words in str(caught.value)
    assert "hostile.pdf" in str(caught.value)


def test_the_password_is_not_visible_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    _replace_worker(
        monkeypatch,
        "import os, sys, json, pathlib; request = json.loads(sys.stdin.buffer.readline());"
        f"pathlib.Path({str(seen)!r}).write_text(json.dumps([sys.orig_argv, dict(os.environ), request]))",
    )
    with pytest.raises(UnreadableFileError):
        render_page(_file(tmp_path, quote_page()), 1, password="hunter2")
    assert seen.read_text().count("hunter2") == 1  # in the request, which came through the pipe


def test_a_worker_that_dies_is_replaced_once(tmp_path: Path) -> None:
    """It may have come to the limit of the processor time that one worker may use."""
    drawing = PageRenderer(_file(tmp_path, quote_page()))
    first = drawing.picture(1, 100)
    (worker,) = [one for one in psutil.Process().children() if "rendering.worker" in " ".join(one.cmdline())]
    worker.send_signal(signal.SIGTERM)
    worker.wait(10)
    assert drawing.picture(1, 100) == first
    drawing.close()
    assert not [one for one in psutil.Process().children() if "rendering.worker" in " ".join(one.cmdline())]


def test_a_worker_that_hangs_does_not_harm_the_next_page(tmp_path: Path) -> None:
    pages = [one_page_pdf(stream(show(b"hello"))), _drawing_itself(10, 11)]
    writer = pypdf.PdfWriter()
    for one in pages:
        writer.append(io.BytesIO(one))
    path = tmp_path / "hostile.pdf"
    writer.write(path)
    drawing = PageRenderer(path, limits=RenderingLimits(seconds=2))
    assert drawing.picture(1, 100).width == 100
    with pytest.raises(ExtractionLimitError, match=r"^Showing page 2 of hostile\.pdf took more than 2 s"):
        drawing.picture(2, 100)
    assert drawing.picture(1, 100).width == 100
    drawing.close()


def test_the_worker_starts_light_and_isolated() -> None:
    command = renderer.worker_command()
    assert command[1] == "-I"
    heavy = "{'torch', 'transformers', 'numpy', 'bs4', 'pypdf'}"
    probe = f"import wholedoc.documents.rendering.highlighting; print(sorted({heavy} & set(sys.modules)))"
    command[command.index("-c") + 1] = command[command.index("-c") + 1].replace("main()", probe)
    run = subprocess.run(command, capture_output=True, text=True, env={}, check=True, cwd=os.sep)
    assert run.stdout.strip() == "[]"


def _image(kind: str = "PNG", size: tuple[int, int] = (20, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "white").save(buffer, format=kind)
    return buffer.getvalue()


def test_sound_answers_come_back() -> None:
    box = Box(0.1, 0.2, 0.3, 0.8)
    for kind in ("PNG", "WEBP"):
        image = parse_answer(answer_to_bytes(_image(kind), [box]), TINY)
        assert (image.content, image.width, image.height, image.boxes) == (_image(kind), 20, 30, (box,))
        assert image.media_type == f"image/{kind.lower()}"
    with pytest.raises(PasswordError, match="which"):
        parse_answer(b'{"error": ["PasswordError", "which"]}', TINY)


@pytest.mark.parametrize(
    "boxes",
    [
        "[[0, 0, 1]]",
        "[[0, 0, 1, 1, 1]]",
        "[[0, 0, 1, NaN]]",
        "[[0, 0, 1, Infinity]]",
        "[[0, 0, 1, 1e999]]",
        "[[0, 0, 1, -0.1]]",
        "[[0, 0, 1.1, 1]]",
        f"[[0, 0, 1, {10**400}]]",
        "[[0.5, 0, 0.6, 1]]",
        "[[0, 0.5, 1, 0.6]]",
        '[[0, 0, 1, "1"]]',
        "[[0, 0, 1, true]]",
        "[7]",
        "7",
        "[" * 100_000,
    ],
)
def test_boxes_are_not_trusted(boxes: str) -> None:
    with pytest.raises(InvalidResultError):
        parse_answer(b'{"boxes": %s}\n%s' % (boxes.encode(), _image()), TINY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg onload='alert(1)'/>",
        _image("GIF"),
        _image("JPEG"),
        _image()[:20],
        _image("WEBP")[:20],
        _image(size=(201, 1)),
        _image(size=(150, 150)),
        _image("WEBP", size=(201, 1)),
    ],
)
def test_pictures_are_not_trusted(content: bytes) -> None:
    with pytest.raises(InvalidResultError):
        parse_answer(answer_to_bytes(content, []), TINY)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"7",
        b"{}",
        b'"error"',
        b'{"error": 7}',
        b'{"error": ["SystemExit", "gotcha"]}',
        b'{"error": [["PasswordError"], "gotcha"]}',
        b" " * (2 << 20) + b'{"boxes": []}',
        json.dumps({"boxes": [[0, 0, 1, 1]] * 200_000}).encode() + b"\n" + _image(),
    ],
)
def test_other_answers_are_not_trusted(raw: bytes) -> None:
    with pytest.raises(InvalidResultError):
        parse_answer(raw, TINY)


@pytest.mark.parametrize("sizes", ["7", "[7]", "[[1]]", '[["1", 2]]', "[[true, 2]]", "[" * 100_000])
def test_sizes_of_pages_are_not_trusted(sizes: str) -> None:
    with pytest.raises(InvalidResultError):
        parse_sizes(b'{"sizes": %s}' % sizes.encode())


def test_a_size_that_no_page_has_is_none() -> None:
    raw = b'{"sizes": [[3, 4.5], [NaN, 2], [-1, 1e999], [0, 10000000]]}'
    assert parse_sizes(raw) == ((3.0, 4.5), (0.0, 2.0), (0.0, 0.0), (0.0, 0.0))


@pytest.mark.parametrize("places", ["7", "[7]", "[[7]]", "[[[0, 0, 1, 1.5]]]"])
def test_places_on_a_page_are_not_trusted(places: str) -> None:
    with pytest.raises(InvalidResultError):
        parse_places(b'{"places": %s}' % places.encode())


@pytest.mark.parametrize(
    "lines", ["7", "[7]", "[[]]", '[["a"]]', "[[1, 0, 0, 1, 1]]", '[["a", 0, 0, 1, 2]]', '[["a", 0, 0, "1", 1]]']
)
def test_lines_that_no_page_has_are_refused(lines: str) -> None:
    with pytest.raises(InvalidResultError):
        parse_lines(b'{"lines": %s}' % lines.encode())


def test_lines_are_cleaned() -> None:
    (line,) = parse_lines(b'{"lines": [["a\\u0000b\\nc", 0, 0, 1, 1]]}')
    assert line == TextLine("ab c", Box(0, 0, 1, 1))
