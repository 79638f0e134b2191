"""What kind of question it is: whether one place answers it, or only every part together."""

from __future__ import annotations

import re
from enum import Enum


class Kind(Enum):
    """What a question needs of the documents."""

    ONE_PLACE = "one place"
    """A passage that answers it."""
    LIST = "list"
    """Everything that answers it, listed and counted."""
    SUMMARY = "summary"
    """The whole in short, along the outline."""
    COMPARISON = "comparison"
    """What each of several documents says, side by side."""
    CHANGES = "changes"
    """What is different between two documents, which code finds out."""
    CHECK = "check"
    """All places that say something, or the certainty that none does."""

    @property
    def needs_writer(self) -> bool:
        """Whether a model that writes is asked."""
        return self is not Kind.CHANGES


class Scope(Enum):
    """How much of the documents a question is put to."""

    ONE_PLACE = "one place"
    """The passage that answers it."""
    EVERYWHERE = "everywhere"
    """Every part."""
    BY_QUESTION = "by question"
    """Either, as the question's words suggest."""


def wanted(question: str, documents: int, scope: Scope) -> Kind | None:
    """Return what is asked of every part of so many documents; None if the question goes to one place."""
    if scope is Scope.ONE_PLACE:
        return None
    kind = kind_of(question, documents)
    if kind is not Kind.ONE_PLACE:
        return kind
    return Kind.LIST if scope is Scope.EVERYWHERE else None


SUMMARY = re.compile(
    r"\b(summari[sz]\w*|summary|summaries|overview|tl;?dr|gist|(main|key|central|core|most important) "
    r"(points?|ideas?|messages?|findings|takeaways|arguments?|statements?|conclusions?|results|lessons|themes?)|recap|abstract of|"
    r"in a nutshell|sum up|sum (it|this|that|the \w+|everything) up|brief me|synopsis|précis|"
    r"in (one|two|three|four|five|six|seven|ten|a few|\d+) (short )?(sentences|paragraphs|"
    r"bullet points|bullets|lines)|"
    r"describe (this|the) (whole )?(document|report|book|paper|contract|manual|text|file|pdf)|"
    r"what(?: is|'s) (this|the|that) (whole )?(document|report|book|paper|contract|manual|text|file|pdf|chapter)s? "
    r"(all )?about)\b",
    re.I,
)
COMPARISON = re.compile(
    r"\b(compare[ds]?|comparison|differ(s|ed|ences?|ent(ly)?)?|chang(ed?|es)|versus|vs\.?|contrast\w*|in common|"
    r"same in|"
    r"(both|each|all|either) (of )?(the|these|those)?\s*"
    r"(document|contract|report|paper|version|file|offer)s?|which (of|document|contract|report|version|offer))\b",
    re.I,
)
# Several documents in one question, or what they do to each other.
SEVERAL = re.compile(
    r"\b(the|these|those|both|two) (two )?(documents|contracts|reports|papers|versions|files|offers|policies|"
    r"agreements)\b|\b(dis)?agree(s|d)? (on|about)\b|\bcontradict\w*|\bconsistent\b|\beach other\b",
    re.I,
)
# Without a topic: "What changed in the notice periods?" is answered by each document.
CHANGES = re.compile(
    r"\bwhat(?:'s| is| has| was| are)?( all| been)? (the )?(changed|changes|different|new|differences)\b"
    r"(?!.*\b(on|in|about|regarding|concerning|with respect to)\b)|"
    r"\bwhat(?:'s| is| was| has)?( all| been)? (new|different|changed|added|removed) in (the )?"
    r"(second|new\w*|latest|later|revised|updated|other|current|amended)( \w+)?\s*[?.]*$",
    re.I,
)
CHECK = re.compile(
    r"\b(anywhere|at all|at any point|in any place)\b|^(is|are) there (any|a|an)\b|"
    r"^(does|do|did) (it|this|they|the \w+|any\w*)( \w+)? (ever )?(mention|say|state|contain|include|refer|speak|"
    r"talk|discuss|provide for)\b|^any (clause|mention|provision|reference|word)\b|"
    r"^(is|are) there (anything|something)\b|"
    r"^(is|are|was|were|has|have) .*\b(mentioned|discussed|named|addressed|referenced|referred to|touched (up)?on|"
    r"talked about|brought up)\b",
    re.I,
)
# "List", "name all", "every", "which of the": whoever writes so wants all of them.
ALL = re.compile(
    r"^(please )?(can you |could you )?(list|enumerate|collect|gather|extract|name|give( me)?|show( me)?|find) "
    r"(me )?(all|every|each|the \w+[^\Ws]s\b|\w+[^\Ws]s\b)|"
    r"^(please )?(can you |could you )?(list|enumerate|count)\b|"
    r"^(please )?(can you |could you )?(collect|gather|extract) (the )?(\w+ ){0,3}\w+[^\Ws]s\b|"
    r"^(all|every|each)\b|\b(all the|all of the|every|each of)\b|\b(a|the) (full |complete )?list of\b|"
    r"\b(which|who|how many) of (the|these|those|our|its|their)\b|"
    r"\bwho (are|were) (all )?(the )?(\w+ )?(people|persons|\w+[^\Ws]s)\b|"
    r"\bhow often (is|are|was|were|does|do|did|has|have)\b.*\b(mention\w*|named?|happen\w*|"
    r"occur\w*|appear\w*|used?|referred|refer)\b|\bhow many times\b",
    re.I,
)
HOW_MANY = re.compile(r"\bhow many (?:\w+ ){0,2}?(\w+)", re.I)
# A rule says how many there must or may be; they are not counted.
BY_RULE = re.compile(
    r"\bhow many\b.*\b(needed|required|necessary|allowed|permitted|entitled|must|(?-i:may)|should|minimum|maximum)\b",
    re.I,
)
# What is measured is said in one place; what is counted need not be.
MEASURES = re.compile(
    r"^(seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|times|crowns?|dollars?|euros?|pounds?|"
    r"cents?|met(?:re|er)s?|miles?|kilo\w*|feet|inches|tons?|tonnes?|grams?|lit(?:re|er)s?|gallons?|barrels?|"
    r"percent\w*|per|points?|bytes?|bits?|pages?|copies|characters|digits|working|business|calendar|consecutive)$",
    re.I,
)
PLURALS = frozenset(["people", "men", "women", "children", "persons", "staff", "criteria", "data"])
DETERMINERS = frozenset(
    ["this", "that", "these", "those", "the", "a", "an", "its", "our", "my", "it", "all", "any"]
)
NOT_PLURAL = re.compile(
    r"(ss|us|is|as|'s|’s)$|^(is|was|does|has|its|this|s|news|means|series|sometimes|always|besides)$", re.I
)
VERBS = frozenset(
    re.findall(
        r"\w+",
        """is are was were do does did has have had can could must may might will would should shall happens
        happened to of in on at for from by with and or if when that there be""",
    )
)


def kind_of(question: str, documents: int) -> Kind:
    """Return what kind of question this is, asked of so many documents. It is a rule about English words.

    Where the words say nothing it is a question to one place, which is quick, and right for most.
    """
    text = " ".join(question.split())
    if SUMMARY.search(text):
        return Kind.SUMMARY
    if documents == 2 and CHANGES.search(text):
        return Kind.CHANGES
    if documents > 1 and (COMPARISON.search(text) or SEVERAL.search(text)):
        return Kind.COMPARISON
    if ALL.search(text) or _counts(text):
        return Kind.LIST
    if CHECK.search(text):
        return Kind.CHECK
    return Kind.LIST if _asks_for_several(text) else Kind.ONE_PLACE


def _counts(text: str) -> bool:
    """Return whether a question asks how many there are of something, and not how much of a measure."""
    match = HOW_MANY.search(text)
    if match is None or BY_RULE.search(text):
        return False
    asked = text[match.start() :].split()[2:5]
    return not any(MEASURES.match(word.strip("?,.'’")) for word in asked[:2])


def _asks_for_several(text: str) -> bool:
    """Return whether a question asks which things, in the plural."""
    match = re.search(r"\b(?:which|what|whose)\s+(.*)", text, re.I)
    if match is None:
        return False
    words = re.findall(r"[\w'’-]+", match[1])
    if words[:1] and words[0].casefold() in ("are", "were") and len(words) > 1:
        return _plural_before_verb(words[1:])
    return _plural_before_verb(words)


def _plural_before_verb(words: list[str]) -> bool:
    """Return whether the noun in front of the first verb or preposition is a plural."""
    noun, before = "", ""
    for word in words[:5]:
        lower = word.casefold()
        if lower in VERBS:
            break
        if before and lower in DETERMINERS:
            return _is_plural(before)  # "which law governs this": the noun's verb ends in s, too
        if noun and _is_plural(noun) and lower not in DETERMINERS:
            return True
        before, noun = noun, word
    return bool(noun) and _is_plural(noun)


def _is_plural(word: str) -> bool:
    lower = word.casefold()
    return lower in PLURALS or (lower.endswith("s") and len(lower) > 3 and not NOT_PLURAL.search(lower))
