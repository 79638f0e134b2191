"""What a PDF says by its source: its words in order, and the rows of its tables, from LaTeX or plain text."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

# So many words in a row are looked for: enough to be unique in most documents, and few sentences are shorter.
RUN_WORDS = 8
_LEFT_OUT = "|".join(
    (
        *("equation", "align", "eqnarray", "gather", "multline", "verbatim", "lstlisting", "listing", "figure"),
        *("table", "tabular", "deluxetable", "splitdeluxetable", "longtable", "thebibliography", "acknowledgments"),
        *("CCSXML", "nomenclature", "acks", "filecontents", "widetext", "abstract", "teaserfigure"),
    )
)
_ENVIRONMENT = re.compile(rf"\\begin\{{({_LEFT_OUT})(\*?)\}}.*?\\end\{{\1\2\}}", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\)%.*")
# What is not prose ends a run: commands with their short arguments, mathematics, braces, blank lines.
_NOT_PROSE = re.compile(
    r"\\(?:cite\w*|ref|label|eqref|url|href|footnote|input|includegraphics|verb\W.*?\W)\b\*?(?:\[[^]]*\])?\{[^}]*\}"
    r"|\\[a-zA-Z@]+\*?|\$[^$]*\$|\\.|[{}\[\]$&]|\n\s*\n|\n\s*[*+•-] |[|=_*`~^#<>\"]{2,}|::|``?|''",
    re.DOTALL,
)
_TABULAR = re.compile(
    r"\\begin\{(tabular\*?|array|longtable|ruledtabular)\}(.*?)\\end\{\1\}|\\startdata(.*?)\\enddata", re.DOTALL
)
_COLUMNS = re.compile(r"\s*(?:\[[^]]*\]|\{(?:[^{}]|\{[^{}]*\})*\})*")
_RULES = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|colrule|endhead|endfoot|cmidrule\S*|cline\{[^}]*\}|tableline)(?:\[[^]]*\])?"
)
_LETTERS = re.compile(r"[^\W_]+")


def read_source(path: Path) -> str:
    """Return the text of a source, which may be packed."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace")


def letters(text: str) -> str:
    """Return the letters and digits of a text in small ones, without anything between them."""
    return "".join(_LETTERS.findall(text.casefold()))


def runs(source: str, *, latex: bool) -> list[str]:
    """Return every run of `RUN_WORDS` words in a row, as letters, in order."""
    if latex:
        source = _body(source)
        source = _ENVIRONMENT.sub("\n\n", source)
    return [one for piece in _NOT_PROSE.split(source) if piece for one in _runs(piece)]


def rows(source: str) -> list[list[str]]:
    """Return the rows of the tables of a LaTeX source that have two cells or more, each cell as letters."""
    found = []
    for _, inner, data in _TABULAR.findall(_body(source)):
        for line in re.split(
            r"\\\\(?:\[[^]]*\])?|\\tabularnewline", _RULES.sub(" ", _COLUMNS.sub("", inner, count=1) or data)
        ):
            if any(mark in line for mark in ("multicolumn", "multirow", "\\begin", "$")):
                continue
            cells = [_cell(one) for one in re.split(r"(?<!\\)&", line)]
            cells = [one for one in cells if one]
            if len(cells) > 1:
                found.append(cells)
    return found


def _body(source: str) -> str:
    body = _COMMENT.sub("", source).partition(r"\begin{document}")[2]
    return body.partition(r"\end{document}")[0] or source


def _runs(piece: str) -> Iterator[str]:
    words = [word for word in piece.split() if letters(word)]
    for start in range(len(words) - RUN_WORDS + 1):
        yield letters(" ".join(words[start : start + RUN_WORDS]))


def _cell(text: str) -> str:
    text = re.sub(r"\\(?:verb\W|[a-zA-Z]+\*?(?:\[[^]]*\])?)", " ", text)
    return letters(text)
