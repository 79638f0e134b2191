"""Damaged and hostile files end in one clear sentence, or in the text that is there, within the limits."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from wholedoc.documents.extraction import ExtractionLimits, child, read_document
from wholedoc.documents.extraction.pages.extracted import Extracted, InvalidResultError, parse_result
from wholedoc.documents.extraction.text.html import read_html
from wholedoc.errors import DocumentError, ExtractionLimitError, NoTextError, UnreadableFileError

from .extraction_files import one_page_pdf, raw_pdf, rewritten, show, stream, text_pdf

PAGES = [[f"Page {number} speaks of rivers."] for number in range(5)]
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
MODEST = ExtractionLimits(seconds=20, memory_bytes=512 << 20)


def _file(tmp_path: Path, data: bytes, name: str = "hostile.pdf") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def _refusal(path: Path, limits: ExtractionLimits = MODEST) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read_document(path, limits=limits)
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert message.startswith(path.name)
    assert message.endswith(".")
    assert "\n" not in message
    return caught.value


def test_a_cut_off_file_gives_what_is_left(tmp_path: Path) -> None:
    whole = rewritten(text_pdf(PAGES))
    no_trailer = whole[: whole.rindex(b"xref\n0") + 40]
    document = read_document(_file(tmp_path, no_trailer))
    assert [page.text for page in document.pages] == [lines[0] for lines in PAGES]
    assert document.warnings[0].startswith("The end of the file is missing")
    half = read_document(_file(tmp_path, whole[: int(len(whole) * 0.6)]))
    assert half.pages[0].text == PAGES[0][0]
    assert len(half.pages) < 5
    assert any("declares 5 pages but only" in warning for warning in half.warnings)


def test_a_file_cut_off_too_early_is_refused(tmp_path: Path) -> None:
    data = text_pdf(PAGES)  # reportlab writes the catalogue behind the fonts
    error = _refusal(_file(tmp_path, data[: data.index(b"/Type /Catalog") - 40]))
    assert isinstance(error, UnreadableFileError)
    assert "is cut off and nothing in it can be recovered" in str(error)


def test_a_cut_off_encrypted_file_is_not_guessed_at(tmp_path: Path) -> None:
    whole = rewritten(text_pdf(PAGES), user_password="a", owner_password="b", algorithm="AES-128")
    error = _refusal(_file(tmp_path, whole[: whole.rindex(b"trailer")]))
    assert "is cut off" in str(error)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7\nthis is no PDF at all\n%%EOF\n", "is damaged"),
        (raw_pdf([CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"]), "has no pages"),
        (raw_pdf([CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]), "is damaged"),
        (
            raw_pdf(
                [
                    CATALOG,
                    b"<< /Type /Pages /Kids [3 0 R] /Count 500000 >>",
                    b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 1 >>",
                ]
            ),
            "is damaged (it declares 500,000 pages that are not there)",
        ),
        (raw_pdf([CATALOG, b"[" * 200_000]), "is damaged"),
    ],
    ids=["junk", "zero-pages", "self-parent", "page-tree-cycle", "deep-array"],
)
def test_broken_structures_are_refused(tmp_path: Path, data: bytes, words: str) -> None:
    error = _refusal(_file(tmp_path, data))
    assert isinstance(error, UnreadableFileError)
    assert words in str(error)


def test_a_huge_declared_page_count_is_not_believed(tmp_path: Path) -> None:
    path = _file(tmp_path, one_page_pdf(stream(show(b"hello there")), count=2_147_483_647))
    document = read_document(path, limits=MODEST)
    assert [page.text for page in document.pages] == ["hello there"]
    assert document.warnings == (
        "The file declares 2,147,483,647 pages but only 1 could be found: the rest is missing.",
    )


def test_a_flate_bomb_stays_within_the_limits(tmp_path: Path) -> None:
    bomb = one_page_pdf(stream(show(b"hello") + b" " * 400_000_000, compress=True))
    assert len(bomb) < 4_000_000
    started = time.monotonic()
    # pdfium dies at the memory limit.
    assert "made its reader crash" in str(_refusal(_file(tmp_path, bomb)))
    assert time.monotonic() - started < 10


def _with_outline(*entries: bytes) -> bytes:
    return raw_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>",
            stream(show(b"hello there")),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            *entries,
        ]
    )


def test_an_outline_cycle_ends(tmp_path: Path) -> None:
    data = _with_outline(
        b"<< /First 7 0 R /Last 8 0 R >>",
        b"<< /Title (one) /Dest [3 0 R /Fit] /First 8 0 R /Next 8 0 R >>",
        b"<< /Title (two) /Dest [3 0 R /Fit] /First 7 0 R /Next 7 0 R >>",
    )
    document = read_document(_file(tmp_path, data), limits=MODEST)
    assert document.text == "hello there"
    assert {entry.title for entry in document.outline} == {"one", "two"}
    assert len(document.outline) < 10


def test_an_outline_of_endless_depth_costs_the_outline_only(tmp_path: Path) -> None:
    chain = [b"<< /Title (t) /Dest [3 0 R /Fit] /First %d 0 R >>" % (8 + step) for step in range(5000)]
    document = read_document(_file(tmp_path, _with_outline(b"<< /First 7 0 R >>", *chain)), limits=MODEST)
    assert document.text == "hello there"
    assert document.outline == ()
    assert document.warnings == ("The outline is damaged and was left out.",)


def _form(content: bytes, inner: int) -> bytes:
    return stream(
        content,
        b"/Type /XObject /Subtype /Form /BBox [0 0 600 800]"
        b" /Resources << /XObject << /X %d 0 R >> /Font << /F1 5 0 R >> >>" % inner,
    )


def test_a_form_that_draws_itself_is_refused(tmp_path: Path) -> None:
    # pdfium takes memory without end on this one, and dies at the limit.
    data = one_page_pdf(
        stream(show(b"hello there") + b" /X Do"),
        _form(b"/X Do /X Do", 6),
        resources=b"/XObject << /X 6 0 R >>",
    )
    assert "so it is damaged or harmful" in str(_refusal(_file(tmp_path, data)))


def _exponential_forms() -> bytes:
    """Make a page of forms that each draw the next one ten times, 10^11 in all."""
    forms = [_form(b"/X Do " * 10, 7 + step) for step in range(11)]
    return one_page_pdf(
        stream(show(b"hello") + b" /X Do"),
        *forms,
        stream(show(b"leaf"), b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]"),
        resources=b"/XObject << /X 6 0 R >>",
    )


def test_a_file_that_takes_forever_is_stopped(tmp_path: Path) -> None:
    path = _file(tmp_path, _exponential_forms())
    before = set(psutil.Process().children(recursive=True))  # what other tests keep for all, a server of forks
    started = time.monotonic()
    with pytest.raises(ExtractionLimitError, match=r"Reading hostile\.pdf took more than 1\.5 s"):
        read_document(path, limits=ExtractionLimits(seconds=1.5))
    assert time.monotonic() - started < 5
    assert set(psutil.Process().children(recursive=True)) <= before


def test_memory_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = _file(tmp_path, b"word " * 10_000_000, "long.txt")
    with pytest.raises(ExtractionLimitError, match=r"needs more memory than the 0\.146 GiB allowed"):
        read_document(path, limits=ExtractionLimits(memory_bytes=150 << 20))
    assert len(read_document(path).pages) > 10_000  # the same file is fine with the usual limits


def test_deep_html_does_not_recurse(tmp_path: Path) -> None:
    path = _file(tmp_path, b"<div>" * 30_000 + b"at the bottom", "deep.html")
    assert read_document(path, limits=MODEST).text == "at the bottom"


@pytest.mark.parametrize(
    "piece",
    [
        b"<!--",
        b"<![CDATA[",
        b"<![CDATA[x]]",
        b"<a ",
        b"<a b='",
        b"<meta charset",
        b"<?",
        b"<![CDATA[x]]><script ",
        b"</",
        b"<h1>x",
    ],
)
def test_pages_of_one_piece_take_time_by_their_length(tmp_path: Path, piece: bytes) -> None:
    path = _file(tmp_path, b"<html><p>hello" + piece * (500_000 // len(piece)), "long.html")
    assert read_document(path, limits=ExtractionLimits(seconds=20)).text.startswith("hello")


def test_headings_without_an_end_take_time_by_their_number() -> None:
    def seconds(size: int) -> float:
        started = time.process_time()
        read_html(b"<html><p>hello" + b"<h1>x" * (size // 5), "headings.html")
        return time.process_time() - started

    seconds(1_000)  # what is only done the first time
    shorter = min(seconds(20_000) for _ in range(3))
    assert (
        seconds(160_000) < 25 * shorter
    )  # 8 times as long; it would be 64 times if each were gathered with all others


@pytest.mark.parametrize(
    "page", [b"<b>" * 300_000 + b"</i>" * 225_000, b"<b>x</i>" * 225_000], ids=["apart", "mixed"]
)
def test_end_tags_that_fit_nothing_are_refused_before_they_take_long(page: bytes) -> None:
    started = time.process_time()
    with pytest.raises(ExtractionLimitError, match=r"^a\.html leaves .* print it to a PDF file\.$"):
        read_html(page, "a.html")
    assert time.process_time() - started < 15


def test_many_end_tags_are_no_reason_to_refuse(tmp_path: Path) -> None:
    careless = b"<div>" * 40 + b"<font>x<p>y</p></b>" * 1_000 + b"<p>z</p>" * 30_000
    assert read_document(_file(tmp_path, careless, "a.html")).text.endswith("z\n\nz")


def test_the_time_allowed_grows_with_the_file() -> None:
    limits = ExtractionLimits()
    assert limits.for_size(1_000_000).seconds == 80
    assert limits.for_size(1 << 30).seconds == limits.seconds
    assert ExtractionLimits(seconds=2).for_size(1 << 30).seconds == 2


def _replace_worker(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(child, "worker_command", lambda: [sys.executable, "-I", "-c", code])


def test_the_whole_process_group_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tmp_path / "pid"
    _replace_worker(
        monkeypatch,
        "import subprocess, sys, time, pathlib;"
        "helper = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"pathlib.Path({str(note)!r}).write_text(str(helper.pid)); time.sleep(60)",
    )
    with pytest.raises(ExtractionLimitError, match="took more than 1 s"):
        read_document(_file(tmp_path, b"text", "a.txt"), limits=ExtractionLimits(seconds=1))
    helper = int(note.read_text())
    for _ in range(50):
        if not psutil.pid_exists(helper) or psutil.Process(helper).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.02)
    else:
        pytest.fail("the worker's own child is still running")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os.abort()", "(stopped by SIGABRT)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "(stopped by SIGSEGV)"),
        ("raise RecursionError('too deep')", "(RecursionError: too deep)"),
        ("print('not an answer')", "(its answer is invalid"),
        ("print('x' * 70_000_000)", "(its answer is too large)"),
        ("pass", "(its answer is invalid"),
    ],
)
def test_a_crashed_worker_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    _replace_worker(monkeypatch, code)
    error = _refusal(_file(tmp_path, b"text", "a.txt"), ExtractionLimits(seconds=20, characters=10))
    assert isinstance(error, UnreadableFileError)
    assert words in str(error)


def test_the_password_is_not_visible_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHOLEDOC_TEST_SECRET", "from the environment")
    seen = tmp_path / "seen"
    _replace_worker(
        monkeypatch,
        "import os, sys, json, pathlib; request = json.loads(sys.stdin.buffer.read());"
        f"pathlib.Path({str(seen)!r}).write_text(json.dumps([sys.orig_argv, dict(os.environ), request]))",
    )
    with pytest.raises(UnreadableFileError):
        read_document(_file(tmp_path, text_pdf(PAGES)), password="hunter2")
    recorded = seen.read_text()
    assert recorded.count("hunter2") == 1  # in the request, which came through the pipe
    assert "from the environment" not in recorded
    assert "hunter2" not in " ".join(child.worker_command())


def test_the_worker_starts_light_and_isolated() -> None:
    command = child.worker_command()
    assert command[1] == "-I"
    measure_throughput = command[command.index("-c") + 1].replace(
        "main()",
        "import wholedoc.documents.extraction.pdf.extract; "
        "print(sorted({'torch', 'transformers', 'numpy'} & set(sys.modules)))",
    )
    command[command.index("-c") + 1] = measure_throughput
    run = subprocess.run(command, capture_output=True, text=True, env={}, check=True, cwd=os.sep)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"pages": [["text"]], "outline": [], "warnings": []}',
        b'{"pages": [["text", 1]], "outline": [], "warnings": []}',
        b'{"pages": [["text", "1"]], "outline": [["t", 1, 2]], "warnings": []}',
        b'{"pages": [["text", "1"]], "outline": [["t", 0, 1]], "warnings": []}',
        b'{"pages": [["text", "1"]], "outline": [["t", true, 1]], "warnings": []}',
        b'{"pages": [["text", "1"]], "outline": [], "warnings": [{}]}',
        b'{"pages": [["too long a text", "1"]], "outline": [], "warnings": []}',
        b'{"pages": [["a", "1"], ["b", "2"], ["c", "3"]], "outline": [], "warnings": []}',
        b'{"error": ["SystemExit", "gotcha"]}',
        b'{"error": ["NoTextError", ["gotcha"]]}',
        b"[" * 100_000,
    ],
)
def test_answers_are_not_trusted(raw: bytes) -> None:
    with pytest.raises(InvalidResultError):
        parse_result(raw, ExtractionLimits(pages=2, characters=10))


def test_sound_answers_come_back() -> None:
    limits = ExtractionLimits(pages=2, characters=10)
    extracted = Extracted((("täxt", "iv"),), (), ("a warning",))
    assert parse_result(extracted.to_json(), limits) == extracted
    with pytest.raises(NoTextError, match="nothing"):
        parse_result(b'{"error": ["NoTextError", "nothing"]}', limits)
