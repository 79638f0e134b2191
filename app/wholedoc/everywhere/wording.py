"""Which kind of question it is, by its words: a rule about English.

It was made with 723 written questions; docs/everywhere.md says how often it is right on others.
"""

from __future__ import annotations

import re

from ..answering.named_things import named_things
from .kinds import Kind, Scope


def wanted(question: str, documents: int, scope: Scope) -> Kind | None:
    """Return what is asked of every part of so many documents; None if the question goes to one place."""
    if scope is Scope.ONE_PLACE:
        return None
    kind = kind_of(question, documents)
    if kind is not Kind.ONE_PLACE:
        return kind
    return Kind.LIST if scope is Scope.EVERYWHERE else None


def kind_of(question: str, documents: int) -> Kind:
    """Return what kind of question this is, asked of so many documents.

    Where the words say nothing it is a question to one place, which is quick, and right for most. So is one about
    several things that it names, which is asked about each of them.
    """
    text = " ".join(question.split())
    if documents == 2 and CHANGES.search(text) and not TOPIC.search(text):
        return Kind.CHANGES
    if documents > 1 and COMPARISON.search(text):
        return Kind.COMPARISON
    if SUMMARY.search(text) and not EVERY.search(text):
        return Kind.SUMMARY
    if CHECK.search(text):
        return Kind.CHECK
    if ALL.search(text) or EVERY.search(text) or _counts(text) or _asks_for_several(text):
        return Kind.ONE_PLACE if named_things(text) else Kind.LIST
    return Kind.CHECK if ANYWHERE.search(text) else Kind.ONE_PLACE


def _any(*patterns: str) -> re.Pattern[str]:
    """Return what finds any of some patterns, between words. "PLURAL" stands for a word in the plural."""
    joined = "|".join(patterns).replace("PLURAL", r"[\w-]+[^\Ws]s\b").replace("DOCUMENT", _DOCUMENT)
    return re.compile(rf"(?<!\w)(?:{joined})", re.I)


_DOCUMENT = (
    r"(?:document|contract|report|paper|version|file|offer|polic(?:y|ie)|agreement|lease|manual|edition|draft|book|"
    r"text|pdf|article|thesis|chapter|section)s?"
)
SUMMARY = _any(
    r"summ?ari[sz]",
    r"summar(?:y|ies)\b",
    r"overview\b",
    r"tl;?dr\b",
    r"gist\b",
    r"recap\b",
    r"synopsis\b",
    r"précis\b",
    r"(?:main|key|central|core|most important) (?:points?|ideas?|messages?|findings|takeaways|arguments?|"
    r"statements?|"
    r"conclusions?|results|lessons|themes?)\b",
    r"(?:an?|the) (?:[\w-]+ )?(?:abstract|outline)\b",
    r"in a nutshell\b",
    r"(?:short|shorter|condensed|abridged) version\b",
    r"(?:give|show|tell) me (?:just |only )?the highlights\b",
    r"(?:shorten (?:this|it)|(?:this|it) shorter)\b",
    r"(?:condense|digest|rundown|run-down|bottom line|big picture|high[- ]level)\b",
    r"(?:the )?essence of (?:this|the|it)\b",
    r"outline (?:of )?(?:this|the|chapter|section|part|its|it)\b",
    r"(?:overall|general|central) (?:conclusion|argument|message|point|claim|thesis|idea|theme|finding|result)s?\b",
    r"what happens in (?:(?:this|the|it)\b|chapter|part|act|book|section)",
    r"what(?: is|'s|’s) (?:this|in (?:this|it|here))(?: whole)?(?: DOCUMENT)?\s*[?.]*$",
    r"what(?: is|'s|’s| does| do) (?:this|the) DOCUMENT (?:try|trying|want|wanting|set out|aim|aiming) to\b",
    r"what(?: does|'s|’s) (?:this|the|it) ?(?:DOCUMENT )?(?:say|tell us|mean)\s*[?.]*$",
    r"(?:few|two|five|ten|no|not|n.t)(?: \w+)? (?:minutes?|time|patience)\b.*\b(?:what|read)\b",
    r"in (?:plain|simple) (?:english|words|language|terms)\b",
    r"(?:up to speed|in on (?:this|the))\b",
    r"take-?aways?\b",
    r"(?:few|couple of) (?:sentences|words|lines)\b",
    r"what does the (?:author|DOCUMENT) argue\s*[?.]*$",
    r"what (?:topics|themes|subjects) (?:does|do|are)\b",
    r"(?:this|the) whole thing\b",
    r"what (?:are we|am i) looking at\b",
    r"sum (?:\w+ ){0,2}up\b",
    r"boil (?:\w+ ){1,2}down\b",
    r"brief me\b",
    r"walk me through\b",
    r"(?:the|its) (?:plot|story)\b",
    r"in (?:one|two|three|four|five|six|seven|ten|a few|\d+) (?:short )?(?:sentences|paragraphs|bullet points|"
    r"bullets|lines)\b",
    r"(?:describe|explain) (?:this|the) (?:whole )?DOCUMENT (?:to me|in)\b",
    r"describe (?:this|the) (?:whole )?DOCUMENT\b",
    r"what(?: is|'s|’s| does| do) (?:this|the|that|it|chapter|section|part)(?: whole)?(?: DOCUMENT| [\divx]+)? "
    r"(?:all )?(?:about|deal with|cover)\b",
    r"what kind of DOCUMENT\b",
    r"(?:overall|broadly(?: speaking)?|on the whole|in general|in short|in brief|briefly)\s*[?.]*$",
    r"what do i (?:need|have) to know\b",
)
COMPARISON = _any(
    r"compar(?:e|es|ed|ison)\b",
    r"differ(?:s|ed|ences?|ent(?:ly)?)?\b",
    r"chang(?:ed?|es)\b",
    r"versus\b",
    r"vs\b",
    r"contrast",
    r"in common\b",
    r"same in\b",
    r"side by side\b",
    r"each other\b",
    r"(?:dis)?agrees? (?:on|about)\b",
    r"(?:respectively|diverges?|part ways)\b",
    r"contradict",
    r"consistent\b",
    r"(?:both|each|all|either|these|those|two) (?:of )?(?:the |these |those )?DOCUMENT\b",
    r"the (?:two )?(?:documents|contracts|reports|papers|versions|files|offers|policies|agreements)\b",
    r"which (?:of|one|DOCUMENT)\b",
    r"one of the DOCUMENT\b",
    r"than (?:in )?the (?:other|first|second|old|new)\b",
)
# What is different in general ...
CHANGES = _any(
    r"diff\b",
    r"differences?\b",
    r"(?:what|anything|everything|which \w+|all) .*\b(?:changed|altered|added|removed|"
    r"dropped|deleted|new|different|revised|amended|rewritten|reworded|edited|modified)\b",
    r"compare (?:the |these |both )?(?:two )?(?:versions|drafts|editions)\s*[?.]*$",
    r"what (?:are the )?changes\b",
    r"what (?:changed|is new|is different)\b",
    r"what's (?:changed|new|different)\b",
    r"(?:still|exactly) the same\b",
)
# ... and what is different about something, which is put to each document for itself.
TOPIC = _any(
    r"(?:on|about|regarding|concerning|with respect to|in terms of|as to) (?!(?:the |these |those |both |"
    r"two )*DOCUMENT)",
    r"in (?!(?:the |these |those |both |two |second |new\w* |latest |later |revised |updated |other |current |"
    r"amended |old\w* |"
    r"first |last |\d{4} )*(?:DOCUMENT|one)?\s*[?.]*$)(?:the |its |their )?\w+",
)
CHECK = _any(
    r"(?:check|verify|confirm|find out|see|tell me|make sure|be sure|know) (?:if|whether|that|there(?:'s|’s|"
    r" is) no)\b",
    r"(?:can|could) you (?:see|check|look|find) (?:if|whether|for any)\b",
    r"(?:check|look|search|scan)(?: \w+){0,2} for (?:any\b|mentions?\b|references?\b)",
    r"^(?:does|do|did|is|are|was|were|has|have|had) .*\b(?:ever|come up)\b",
    r"^(?:nothing|no \w+)\b.*\b(?:is|are|does|do) (?:there|it|they)\s*[?.]*$",
    r"(?:forg[eo]t|fail|omit)\w* to (?:mention|say|state)\b",
    r"any (?:hint|sign|trace|indication) (?:of|that)\b",
    r"^(?:is|are) there (?:any|anything|something|mention|talk)\b(?!.*\b(?:how many|how much|what is it)\b)",
    r"^(?:is|are) there (?:an? )?(?:.* )?(?:clause|provision|mention|reference|passage|section|chapter|paragraph|"
    r"statement|sentence|word|line|page|hint|rule|warning|note|exception|example|proof|evidence|limit)s?\b"
    r"(?!.*\bwhat is it\b)",
    r"^(?:is|are) there (?:a|an) .*\b(?:in|inside) (?:here|there|(?:this|the|our|my) DOCUMENT)\b",
    r"^any(?:thing)? (?:clause|mention|provision|reference|word|on|about)\b",
    r"^(?:does|do|did) (?:it|this|they|the \w+|any\w*)(?: \w+){0,4}? (?:ever )?(?:mention|say|state|contain|"
    r"include|refer|speak|talk|discuss|provide for|bring up|raise|touch on|occur|appear|come up)\b",
    r"^(?:has|have|had|did|do|does|is|was) .*\banything (?:about|on|regarding|concerning|to say)\b",
    r"^(?:is|are|was|were|has|have) .*\b(?:mentioned|discussed|named|addressed|referenced|referred to|"
    r"touched (?:up)?on|"
    r"talked about|brought up|found in (?:this|the))\b",
    r"(?:raise|mention|bring up|say|state)\b.*\bat any of\b",
    r"^(?!where\b).*\bthe (?:word|term|name|phrase) .* (?:appears?|occurs?|comes? up|shows? up|crops? up)\b",
)
# These say that it may be at any place, which does not yet say what is wanted of it.
ANYWHERE = _any(r"anywhere\b", r"somewhere\b", r"at all\b", r"at any point\b", r"in any place\b")
_PLEASE = r"^(?:please )?(?:can you |could you |i want you to |go through .* and )?"
# Whoever writes so wants all of them.
ALL = _any(
    _PLEASE + r"(?:list|enumerate|count)\b",
    _PLEASE + r"(?:collect|gather|extract|name|give(?: me)?|show(?: me)?|find|pick out) (?:me )?(?:the )?PLURAL",
    _PLEASE + r"(?:collect|gather|extract|pick out|note down|write down) (?:the )?(?:\w+ ){0,3}PLURAL",
    _PLEASE + r"(?:note|write) down any",
    r"(?:make|give|draw up|create) (?:me )?an? (?:table|list) of\b",
    r"an? (?:full |complete )?(?:list|table) of\b",
    r"the (?:full |complete )?(?:list|table) of all\b",
    r"(?:which|who|how many) of (?:the|these|those|our|its|their)\b",
    r"(?:what|who) all\b",
    r"who (?:are|were) (?:all )?(?:the )?(?:\w+ )?(?:people|persons|PLURAL)",
    r"who (?:gets?|is|are|was|were) (?:mentioned|named|quoted|cited|listed)\b",
    r"where (?:in .* )?(?:does|do|is|are|did) .*\b(?:mention|talk|speak|discuss|come up|appear|mentioned|"
    r"discussed|used)\b",
    r"how often (?:is|are|was|were|does|do|did|has|have)\b.*\b(?:mention\w*|named?|happen\w*|occur\w*|appear\w*|"
    r"used?|"
    r"referred|refer|get)\b",
    r"how often did\b",
    r"how many times\b(?! (?:a|an|per|each|every)\b)",
    r"in how many PLURAL",
    r"(?:who|what) else\b",
    r"break(?:ing)? down\b",
    r"breakdown\b",
    r"^any (?:\w+ )?PLURAL",
    r"^anything (?:\w+ ){1,3}?(?:has|have|must|needs?) to\b",
    r"(?:write|note|jot|list|give|show|find|name|mark) (?:down |me )?each\b",
)
EVERY = _any(
    r"every\b(?! (?:\w+ )?(?:day|week|month|year|hour)s?\b)",
    r"each (?:of|and every|clause|passage|mention|time|place|instance|occurrence|reference)\b",
    r"all (?:of )?(?:the |its |their )?(?!\d+ pages\b)(?:\w+ )?PLURAL",
    r"^(?:all|every|each)\b",
)
HOW_MANY = re.compile(r"\bhow many (?:\w+ ){0,2}?(\w+)", re.I)
# A rule says how many there must or may be, and a statement how many somebody has; they are not counted.
BY_RULE = _any(
    r"how many\b.*\b(?:needed|required|necessary|allowed|permitted|entitled|must|(?-i:may)|should|minimum|"
    r"maximum)\b",
    r"limit (?:on|to|of) how many\b",
    r"by how many\b",
    r"how many times (?:a|an|per|each|every)\b",
    r"how many (?:\w+ ){1,2}(?:does|did|do) .*\b(?:have|has|own|employ|hold|get)\b",
)
# "Under what conditions" is answered by a rule.
BY_CONDITION = _any(
    r"(?:under|on|at|in|by|for|from|until|to) (?:what|which) (?:conditions|circumstances|terms|grounds)\b"
)
# What is measured is said in one place; what is counted need not be.
MEASURES = re.compile(
    r"^(seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|times|crowns?|dollars?|euros?|pounds?|"
    r"cents?|met(?:re|er)s?|miles?|kilo\w*|feet|inches|tons?|tonnes?|grams?|lit(?:re|er)s?|gallons?|barrels?|"
    r"percent\w*|per|points?|bytes?|bits?|pages?|copies|characters|digits|working|business|calendar|consecutive)$",
    re.I,
)
PLURALS = frozenset(
    re.findall(
        r"\w+", "people men women children persons staff criteria data equipment machinery personnel furniture"
    )
)
# They have the form of a plural, and one place says them.
SAID_TOGETHER = frozenset(
    re.findall(
        r"\w+",
        """hours terms conditions dimensions measurements specifications contents details instructions directions
        sales earnings profits savings proceeds odds chances symptoms arrangements means coordinates""",
    )
)
DETERMINERS = frozenset(
    ["this", "that", "these", "those", "the", "a", "an", "its", "our", "my", "it", "all", "any"]
)
# Verbs that follow one noun: "which law applies to it".
STATING = frozenset(
    re.findall(
        r"\w+",
        """applies governs covers contains says states pays owns gets makes uses takes comes goes needs requires
        faces handles holds belongs gives allows provides lives keeps describes determines decides receives prevents
        sits connects appears begins lies serves carries""",
    )
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


def _counts(text: str) -> bool:
    """Return whether a question asks how many there are of something, and not how much of a measure."""
    match = HOW_MANY.search(text)
    if match is None or BY_RULE.search(text):
        return False
    asked = text[match.start() :].split()[2:5]
    return not any(MEASURES.match(word.strip("?,.'’")) for word in asked[:2])


def _asks_for_several(text: str) -> bool:
    """Return whether a question asks which things, in the plural."""
    match = re.search(r"\b(?:w?h?ich|what|whose)\s+(.*)", text, re.I)
    if match is None or BY_CONDITION.search(text):
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
        if lower in VERBS or (noun and lower in STATING):
            break
        if before and lower in DETERMINERS:
            return _is_plural(before)  # "which law governs this": the noun's verb ends in s, too
        if noun and _is_plural(noun) and lower not in DETERMINERS:
            return True
        before, noun = noun, word
    return bool(noun) and _is_plural(noun)


def _is_plural(word: str) -> bool:
    lower = word.casefold()
    if lower in SAID_TOGETHER:
        return False
    return lower in PLURALS or (lower.endswith("s") and len(lower) > 3 and not NOT_PLURAL.search(lower))
