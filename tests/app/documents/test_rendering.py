"""A page becomes a picture, and the boxes lie on the quote's ink and on no other."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from reportlab.lib import colors
from reportlab.pdfgen import canvas

from wholedoc.documents.extraction import read_document
from wholedoc.documents.rendering import PageImage, PageRenderer, RenderingLimits, drawing, encoding, render_page
from wholedoc.errors import NoSuchPageError, PasswordError, UnreadableFileError

from ..conftest import SAMPLES
from .extraction_files import raw_pdf, rewritten, stream, text_pdf
from .rendering_files import PAGE, QUOTE, changed, drawn, opened, quote_page, red_and_black, write


def _render(tmp_path: Path, data: bytes, quote: str = " ".join(QUOTE), width: int = 800) -> PageImage:
    path = tmp_path / "page.pdf"
    path.write_bytes(data)
    return render_page(path, 1, quote=quote, width=width)


def _assert_on_the_red(image: PageImage, boxes: int) -> None:
    """Assert that all red ink is in the boxes, and hardly any other ink."""
    assert len(image.boxes) == boxes
    everywhere, _ = red_and_black(image)
    inside, others = red_and_black(image, image.boxes)
    assert everywhere > 200
    assert inside == everywhere
    assert others < 0.01 * everywhere


def test_three_lines_are_three_boxes(tmp_path: Path) -> None:
    image = _render(tmp_path, quote_page())
    assert (image.width, image.height) == (800, 1133)
    assert image.media_type == "image/png"
    assert opened(image).size == (800, 1133)
    assert opened(image).getpixel((1, 1)) == (255, 255, 255)
    _assert_on_the_red(image, 3)
    tops = [box.top for box in image.boxes]
    assert tops == sorted(tops)
    heights = [box.height for box in image.boxes]
    assert heights == pytest.approx([13.9 * 1.08 / PAGE[1]] * 3, rel=0.05)  # of the font, not of the letters there


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (60, 250, 400, 480)])
def test_turned_and_cut_pages(tmp_path: Path, rotate: int, crop: tuple[float, float, float, float] | None) -> None:
    image = _render(tmp_path, changed(quote_page(), rotate=rotate, crop=crop, user_unit=2.5))
    across, down = (340, 230) if crop else PAGE
    shape = down / across if rotate % 180 == 0 else across / down
    assert image.width == 800
    assert image.height == pytest.approx(800 * shape, abs=1)
    _assert_on_the_red(image, 3)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_text_written_sideways(tmp_path: Path, angle: int) -> None:
    def draw(paper: canvas.Canvas) -> None:
        paper.translate(210, 300)
        paper.rotate(angle)
        write(paper, ["A line before it", *QUOTE, "and one behind it"], red=QUOTE, x=-80, y=30)

    _assert_on_the_red(_render(tmp_path, drawn(draw)), 3)


def test_a_quote_that_is_cut_off_is_marked_where_it_shows(tmp_path: Path) -> None:
    image = _render(tmp_path, changed(quote_page(), crop=(0, 380, 420, 595)))  # below it stand two of the lines
    _assert_on_the_red(image, 1)


def test_words_divided_at_line_ends(tmp_path: Path) -> None:
    lines = ["this lamp would illu-", "minate the inner har-", "bour at all hours."]
    image = _render(
        tmp_path, drawn(lambda paper: write(paper, lines, red=lines)), " ".join(lines).replace("- ", "")
    )
    _assert_on_the_red(image, 3)


def _page_in(font: bytes, text: bytes, *more: bytes) -> bytes:
    """Write a PDF of one page whose font is object 5; `more` objects follow."""
    return raw_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>",
            stream(b"BT /F1 14 Tf 17 TL 20 100 Td " + text + b" ET"),
            font,
            *more,
        ]
    )


def test_ligatures_accents_and_letters_beyond_the_first_plane(tmp_path: Path) -> None:
    signs = b"3 beginbfchar <41> <D835DC65> <42> <FB01> <43> <0065> endbfchar"
    data = _page_in(
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>",
        b"(no word of this ) Tj 1 0 0 rg (the BnCst A of all) Tj 0 g ( and no more) Tj",
        stream(b"1 begincodespacerange <00> <ff> endcodespacerange\n" + signs),
    )
    _assert_on_the_red(_render(tmp_path, data, "the finést \U0001d465 of all"), 1)


def test_a_font_that_claims_to_be_huge_marks_its_own_line(tmp_path: Path) -> None:
    descriptor = (
        b"<< /Type /FontDescriptor /FontName /Arial /Flags 32 /FontBBox [0 -2000 1000 3000] /ItalicAngle 0"
        b" /Ascent 3000 /Descent -2000 /CapHeight 700 /StemV 80 >>"
    )
    data = _page_in(
        b"<< /Type /Font /Subtype /TrueType /BaseFont /Arial /FirstChar 32 /LastChar 126"
        b" /Widths [%s] /FontDescriptor 6 0 R >>" % (b"556 " * 95),
        b"(one line above) Tj T* 1 0 0 rg (and the marked one) Tj T* 0 g (with one below) Tj",
        descriptor,
    )
    image = _render(tmp_path, data, "and the marked one")
    _assert_on_the_red(image, 1)
    assert image.boxes[0].height < 1.5 * 14 / 200


def test_two_columns_are_never_one_box(tmp_path: Path) -> None:
    left = ["In the left column it is", "said that two lamps are", "enough for one harbour."]
    right = ["In the right column we", "find that no harbour has", "had more than one lamp."]

    def draw_across(paper: canvas.Canvas) -> None:
        for row in range(3):
            write(paper, [left[row]], red=left, x=60, y=400 - 15 * row)
            write(paper, [right[row]], red=right, x=205, y=400 - 15 * row)

    path = tmp_path / "page.pdf"
    path.write_bytes(drawn(draw_across))
    image = render_page(path, 1, quote=read_document(path).text, width=800)
    _assert_on_the_red(image, 6)
    gutter = 198 / PAGE[0]
    assert not [box for box in image.boxes if box.left < gutter < box.left + box.width]


def test_what_stands_in_the_midst_of_the_quote_is_left_out(tmp_path: Path) -> None:
    lines = [QUOTE[0], "The Harbour Gazette, page 7", *QUOTE[1:]]
    image = _render(tmp_path, drawn(lambda paper: write(paper, lines, red=QUOTE)))
    _assert_on_the_red(image, 3)


def test_the_first_of_several_occurrences_counts(tmp_path: Path) -> None:
    def draw(paper: canvas.Canvas) -> None:
        write(paper, ["a char at sea is not it, but", "a rat", "is."], red=["a rat"])
        write(paper, ["a rat", "again."], y=200)

    _assert_on_the_red(_render(tmp_path, drawn(draw), "a rat"), 1)


@pytest.mark.parametrize(
    "quote",
    ["", "?!", "This stands nowhere on the page at all.", "lamp of gold", f"{QUOTE[0]} {'and much else ' * 5}"],
)
def test_no_boxes_rather_than_wrong_ones(tmp_path: Path, quote: str) -> None:
    assert _render(tmp_path, quote_page(), quote).boxes == ()


def test_form_fields_are_drawn(tmp_path: Path) -> None:
    def draw(paper: canvas.Canvas) -> None:
        paper.acroForm.textfield(name="a", x=100, y=100, width=100, height=100, fillColor=colors.red)

    reds, _ = red_and_black(_render(tmp_path, drawn(draw)))
    assert reds > 0.8 * (100 * 800 / PAGE[0]) ** 2


def test_a_page_without_colour_is_sent_exactly_as_it_was_drawn() -> None:
    text = drawing.draw(pypdfium2.PdfDocument(drawn(lambda paper: write(paper, QUOTE)))[0], drawing.Size(800, 1133))
    sent = Image.open(io.BytesIO(encoding.encode(text)))
    assert (sent.format, sent.mode) == ("PNG", "L")
    assert sent.convert("RGB").tobytes() == text.tobytes()
    photograph = Image.linear_gradient("L").convert("RGB")
    assert Image.open(io.BytesIO(encoding.encode(photograph))).format == "WEBP"


def test_photographs_are_sent_as_webp(tmp_path: Path) -> None:
    picture = tmp_path / "noise.png"
    noise = Image.merge("RGB", [Image.effect_noise((60, 60), 90).resize((600, 850)) for _ in range(3)])
    noise.save(picture)
    image = _render(tmp_path, drawn(lambda paper: paper.drawImage(str(picture), 0, 0, *PAGE)))
    assert image.media_type == "image/webp"
    assert opened(image).size == (image.width, image.height) == (800, 1133)
    assert len(image.content) < 300_000


def test_quotes_of_the_samples(tmp_path: Path) -> None:
    questions = json.loads((SAMPLES / "questions.json").read_text())["documents"]
    for document in questions:
        path = SAMPLES / document["file"]
        text = read_document(path)
        for question in document["questions"][:2]:
            page = question["pages"][0]
            image = render_page(path, page, quote=question["answer"], width=300)
            assert 1 <= len(image.boxes) <= 3, question["id"]
            whole = render_page(path, page, quote=text.pages[page - 1].text, width=300)
            assert len(whole.boxes) >= len(text.pages[page - 1].text.splitlines()) - 3, question["id"]


def test_passwords() -> None:
    path = SAMPLES / "encrypted.pdf"
    assert render_page(path, 1, password="lighthouse").width == 1000
    with pytest.raises(PasswordError, match=r"encrypted and no password was given: give the password"):
        render_page(path, 1)
    with pytest.raises(PasswordError, match="the password is wrong"):
        render_page(path, 1, password="lamp")


def test_a_password_that_only_forbids_changes_is_not_needed(tmp_path: Path) -> None:
    data = rewritten(quote_page(), user_password="", owner_password="owner", algorithm="AES-128")
    (tmp_path / "a.pdf").write_bytes(data)
    assert len(render_page(tmp_path / "a.pdf", 1, quote=QUOTE[0], password="some other").boxes) == 1


def test_a_cut_off_file_is_repaired(tmp_path: Path) -> None:
    whole = rewritten(text_pdf([["Of rivers."]]))
    image = _render(tmp_path, whole[: whole.rindex(b"xref\n0") + 40], "Of rivers.")
    assert len(image.boxes) == 1


def test_pages_that_are_not_there() -> None:
    path = SAMPLES / "encrypted.pdf"
    with pytest.raises(NoSuchPageError, match=r"encrypted\.pdf has only 1 page, so there is no page 2"):
        render_page(path, 2, password="lighthouse")
    for page in (0, -1):
        with pytest.raises(ValueError, match="pages count from 1"):
            render_page(path, page)
    for width in (0, -5, 1_000_000):
        with pytest.raises(ValueError, match="pixels wide"):
            render_page(path, 1, width=width)


def test_files_that_cannot_be_shown(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("only words")
    with pytest.raises(UnreadableFileError, match="is not a PDF"):
        render_page(notes, 1)
    with pytest.raises(UnreadableFileError, match="is not there"):
        render_page(tmp_path / "missing.pdf", 1)
    with pytest.raises(UnreadableFileError, match="is not a file"):
        render_page(tmp_path, 1)


def test_the_usual_limits_suffice_for_a_large_picture(tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    path.write_bytes(quote_page())
    image = render_page(path, 1, width=4000, limits=RenderingLimits(pixels=4_000_000))
    assert 3_990_000 < image.width * image.height <= 4_000_000
    assert image.height / image.width == pytest.approx(PAGE[1] / PAGE[0], rel=0.002)


@pytest.fixture
def register() -> Iterator[PageRenderer]:
    drawing = PageRenderer(SAMPLES / "harbour_register.pdf")
    yield drawing
    drawing.close()


def test_one_worker_draws_page_after_page(register: PageRenderer) -> None:
    for page in (2, 9, 3):
        assert register.picture(page, 300) == render_page(SAMPLES / "harbour_register.pdf", page, width=300)
    with pytest.raises(NoSuchPageError):
        register.picture(1000, 300)
    assert register.picture(4, 300).width == 300


def test_the_sizes_of_pages_are_known_before_they_are_drawn(tmp_path: Path, register: PageRenderer) -> None:
    sizes = register.sizes(266)
    assert len(sizes) == 266
    image = register.picture(2, 400)
    across, down = sizes[1]
    assert image.height / image.width == pytest.approx(down / across, rel=0.01)
    (tmp_path / "turned.pdf").write_bytes(changed(quote_page(), rotate=90, crop=(60, 250, 400, 480)))
    turned = PageRenderer(tmp_path / "turned.pdf")
    assert turned.sizes(5) == ((230.0, 340.0),)
    turned.close()


def test_every_place_of_words_is_found(tmp_path: Path) -> None:
    lines = ["A visit to the pier. The PIER", "is it. The pi-", "er is it."]
    (tmp_path / "pier.pdf").write_bytes(drawn(lambda paper: write(paper, lines)))
    drawing = PageRenderer(tmp_path / "pier.pdf")
    assert [len(boxes) for boxes in drawing.words(1, "pier")] == [1, 1, 2]
    assert len(drawing.words(1, "is it")) == 2  # which "visit" is not
    assert drawing.words(1, "quay") == drawing.words(1, "?!") == ()
    drawing.close()
