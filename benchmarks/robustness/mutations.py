"""Ways to damage a file, chosen by a seeded generator, so that every damaged file can be made again."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from random import Random

Mutation = Callable[[bytes, Random], bytes]

_BOMB_BYTES = 300_000
# Each is repeated; what nests, is looked up or has no end costs most.
_PIECES = (
    *(
        b"<b>",
        b"</i>",
        b"<div>",
        b"<!--",
        b"<![CDATA[",
        b"<a b='",
        b"<script>",
        b"<h1>x",
        b"<table><tr><td>",
        b"&amp;",
    ),
    *(b"[", b"<<", b"<< /Kids [ ", b"(", b"q ", b"/X Do ", b"1 0 obj ", b"endobj ", b"%PDF-1.7 ", b"stream\n"),
    *(
        b"# ",
        b"```\n",
        b"---\n",
        b"a-\n",
        b"=",
        b"\t",
        b" ",
        b"\f",
        b"\r",
        b"\n",
        b"\0",
        b"\xff\xfe",
        b"\xf0\x9f\x98\x80",
    ),
)
_TOKENS = (
    *(
        b"99999999999",
        b"-1",
        b"0",
        b"/Length 4294967295",
        b"/Prev 9",
        b"/Filter /FlateDecode",
        b"/Count 2147483647",
    ),
    *(
        b"/Kids [2 0 R]",
        b"xref",
        b"startxref\n0",
        b"<!DOCTYPE a [",
        b'<meta charset="utf-7">',
        b"&#x110000;",
        b"\0",
    ),
)


def flip_bits(data: bytes, chance: Random) -> bytes:
    """Flip one bit in up to 64 bytes."""
    flipped = bytearray(data)
    for _ in range(chance.randint(1, 64)):
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def cut(data: bytes, chance: Random) -> bytes:
    """Leave out a piece, half of the time the whole rest."""
    start, end = _span(data, chance)
    return data[:start] if chance.random() < 0.5 else data[:start] + data[end:]


def double(data: bytes, chance: Random) -> bytes:
    """Write a piece up to 20 times."""
    start, end = _span(data, chance)
    return data[:end] + data[start:end] * chance.randint(1, 20) + data[end:]


def swap(data: bytes, chance: Random) -> bytes:
    """Let two pieces beside each other change places."""
    start, middle, end = sorted(chance.randrange(len(data) + 1) for _ in range(3))
    return data[:start] + data[middle:end] + data[start:middle] + data[end:]


def overwrite(data: bytes, chance: Random) -> bytes:
    """Write tokens that a parser heeds over what is there, in up to eight places."""
    for _ in range(chance.randint(1, 8)):
        token, place = chance.choice(_TOKENS), chance.randrange(len(data) + 1)
        data = data[:place] + token + data[place + len(token) :]
    return data


def insert_bomb(data: bytes, chance: Random) -> bytes:
    """Insert 300 KB of one piece, or a stream that unpacks to 200 MB."""
    piece = chance.choice(_PIECES)
    bomb = piece * (_BOMB_BYTES // len(piece)) if chance.random() < 0.9 else _deflated_object()
    place = chance.randrange(len(data) + 1)
    return data[:place] + bomb + data[place:]


MUTATIONS: tuple[Mutation, ...] = (flip_bits, cut, double, swap, overwrite, insert_bomb)


def damage_inside(data: bytes, chance: Random) -> bytes:
    """Damage a file in an archive, and pack it as if it were sound. What is no sound archive stays as it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError, OSError):
        return data
    # Most of what people wrote is in the large ones.
    name = max(chance.sample(sorted(files), min(3, len(files))), key=lambda one: len(files[one]), default=None)
    if name is None:
        return data
    files[name] = chance.choice(MUTATIONS)(files[name] or b"\0", chance)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in files.items():
            archive.writestr(zipfile.ZipInfo(each), content)
    return packed.getvalue()


def mutated(data: bytes, chance: Random) -> tuple[bytes, str]:
    """Damage `data` in one to three ways, and return it with the names of the ways. It is never empty.

    Of an archive, mostly what is in it is damaged: damage outside, its checksums find.
    """
    inside = data.startswith(b"PK") and chance.random() < 0.8
    ways = [damage_inside if inside else chance.choice(MUTATIONS) for _ in range(chance.choice((1, 1, 2, 3)))]
    for way in ways:
        data = way(data, chance) or b"\0"
    return data, " + ".join(way.__name__ for way in ways)


def _span(data: bytes, chance: Random) -> tuple[int, int]:
    """Return where a piece begins and ends: up to 4 KB, at least one byte."""
    start = chance.randrange(len(data))
    return start, min(len(data), start + chance.randint(1, 4096))


def _deflated_object() -> bytes:
    packed = zlib.compress(b" " * 200_000_000, 1)
    return b"4 0 obj\n<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream\nendobj\n" % (
        len(packed),
        packed,
    )
