"""Questions to every part of a document: list, count, check, compare, summarise."""
