"""The warnings that tell a person what was unusual about their PDF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...recognition import NOT_RECOGNISED, RecognisedPage
from ..counting import counted
from ..pages.clean import clean_line

_MOST_RANGES = 20


def page_ranges(indexes: Sequence[int]) -> str:
    """Write pages as people do, counted from 1: "pages 2, 5-6". After 20 ranges the rest is counted."""
    ranges: list[list[int]] = []
    for index in indexes:
        if ranges and index == ranges[-1][1] + 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    shown = [f"{first + 1}" if first == last else f"{first + 1}-{last + 1}" for first, last in ranges]
    left = sum(last - first + 1 for first, last in ranges[_MOST_RANGES:])
    text = ", ".join(shown[:_MOST_RANGES]) + (f", and {left} more" if left else "")
    return f"{'page' if len(indexes) == 1 else 'pages'} {text}"


def no_text(scans: Sequence[int], blanks: Sequence[int], page_count: int) -> list[str]:
    """Warn about pages without text: `scans` show something nevertheless, and `blanks` show nothing."""
    warnings = []
    if scans:
        have, look = ("has", "it looks like a scan") if len(scans) == 1 else ("have", "they look like scans")
        warnings.append(
            f"{len(scans)} of {page_count} pages {have} no text ({page_ranges(scans)}): {look}, and the model"
            f" cannot see images. {NOT_RECOGNISED} before the file is added."
        )
    if blanks:
        verb = "is" if len(blanks) == 1 else "are"
        warnings.append(f"{len(blanks)} of {page_count} pages {verb} blank ({page_ranges(blanks)}).")
    return warnings


def unreadable(failed: Sequence[int], page_count: int) -> list[str]:
    if not failed:
        return []
    return [f"{len(failed)} of {page_count} pages cannot be read ({page_ranges(failed)}): the file is damaged."]


def garbled(indexes: Sequence[int], page_count: int) -> list[str]:
    if not indexes:
        return []
    have = "has" if len(indexes) == 1 else "have"
    return [
        f"{len(indexes)} of {page_count} pages {have} garbage for text ({page_ranges(indexes)}): the fonts do not"
        f" say which letters they draw. {NOT_RECOGNISED} before the file is added."
    ]


def recognition_warnings(recognised: Mapping[int, RecognisedPage], page_count: int) -> list[str]:
    """Say which pages were recognised (OCR), and on which nothing was found."""
    found = [index for index, page in sorted(recognised.items()) if page.text]
    nothing = [index for index, page in sorted(recognised.items()) if not page.text and not page.failure]
    warnings = []
    if found:
        lowest = min(recognised[index].confidence for index in found)
        mean = sum(recognised[index].confidence for index in found) / len(found)
        least = f", {lowest:.2f} at least" if len(found) > 1 else ""
        were = "was" if len(found) == 1 else "were"
        warnings.append(
            f"{len(found)} of {page_count} pages {were} recognised from pictures ({page_ranges(found)}), confidence"
            f" {mean:.2f}{least}: compare what matters with the page itself."
        )
    if unread := [index for index, page in sorted(recognised.items()) if page.unread]:
        lines = sum(recognised[index].unread for index in unread)
        warnings.append(
            f"{counted(lines, 'line')} could not be recognised ({page_ranges(unread)}): handwriting, or a script"
            " that the models do not know (they know the Latin alphabet, Chinese and Japanese)."
        )
    if nothing:
        have = "has" if len(nothing) == 1 else "have"
        warnings.append(
            f"{len(nothing)} of {page_count} pages {have} no text, and none was recognised"
            f" ({page_ranges(nothing)})."
        )
    return [*warnings, *_failures(recognised)]


def _failures(recognised: Mapping[int, RecognisedPage]) -> Iterator[str]:
    """Say which pages, of files that lie in this one, have no picture, and why."""
    reasons: dict[str, list[int]] = {}
    for index, page in sorted(recognised.items()):
        if page.failure:
            reasons.setdefault(page.failure, []).append(index)
    for reason, indexes in reasons.items():
        yield f"Not recognised ({page_ranges(indexes)}): {clean_line(reason)}"


def counts_differ(pdfium: int, pypdf: int) -> str:
    """Say that pypdf's labels and outline cannot belong to the pages whose text pdfium reads."""
    return (
        f"The file is damaged: one reader finds {pdfium:,} pages in it and another {pypdf:,}. The text is that of"
        f" the {pdfium:,}, and page labels and the outline are missing: compare with the original, or save it anew."
    )


def pages_missing(declared: int, found: int) -> str:
    return f"The file declares {declared:,} pages but only {found:,} could be found: the rest is missing."


def outline_skipped(skipped: int, total: int) -> str:
    verb = "does" if skipped == 1 else "do"
    return f"{skipped} of {total} outline entries {verb} not lead to a page of this file and were left out."


NO_STRUCTURE = "The page labels and the outline are damaged and were left out: pages are numbered from 1."
CUT_OFF = "The end of the file is missing: what could be recovered was read; fetch the file again."
OUTLINE_BROKEN = "The outline is damaged and was left out."
LABELS_BROKEN = "The page labels are damaged: pages are numbered from 1."
