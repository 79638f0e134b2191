"""Numbers that English texts write as words, so that "twenty-one days" and "21 days" are the same."""

from __future__ import annotations

# "One" is left out, since it is more often a pronoun.
UNITS = ["two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = [
    "ten",
    "eleven",
    "twelve",
    *(f"{stem}teen" for stem in ("thir", "four", "fif", "six", "seven", "eigh", "nine")),
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
IN_DIGITS = {
    **{word: str(number) for number, word in enumerate([*UNITS, *TEENS], start=2)},
    **{word: str(10 * number) for number, word in enumerate(TENS, start=2)},
    **{
        f"{ten}-{unit}": str(10 * tens + units)
        for tens, ten in enumerate(TENS, start=2)
        for units, unit in enumerate(["one", *UNITS], start=1)
    },
}
# With one of these a number may be written in words that are not told here.
LARGE = frozenset(["half", "dozen", "hundred", "thousand", "million", "billion"])
