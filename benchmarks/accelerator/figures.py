"""Ratios of figures within one run."""

from __future__ import annotations

from .ledger import Row, State

PAPER = (
    "to be set beside the 23.5x of ParallelComp (arXiv 2502.14317), which is 23 chunks a pass against one in its "
    "own system; neither is a speed-up over full attention"
)


def figures(rows: list[Row]) -> list[Row]:
    """Return the ratios that follow from the measured rows."""
    read = [row for row in rows if row["state"] == State.MEASURED.value and row.get("part") == "reading"]
    documents = {row["tokens"]: row for row in read if row["measurement"] == "document"}
    found: list[Row] = []
    for row in read:
        ours = documents.get(row["tokens"])
        if row["measurement"] == "full attention" and ours is not None:
            found.append(
                {
                    "figure": f"reading speed, ours over full attention ({row['kernel']})",
                    "tokens": row["tokens"],
                    "ratio": ours["tokens_per_s"] / row["tokens_per_s"],
                }
            )
    batches = [row for row in read if row["measurement"] == "prefill batch"]
    single = next((row for row in batches if row["prefill_batch"] == 1), None)
    for row in batches:
        if single is not None and row is not single:
            found.append(
                {
                    "figure": f"reading speed, {row['prefill_batch']} chunks a pass over one",
                    "tokens": row["tokens"],
                    "ratio": row["tokens_per_s"] / single["tokens_per_s"],
                    "note": PAPER,
                }
            )
    if len(documents) > 1:
        shortest, longest = documents[min(documents)], documents[max(documents)]
        found.append(
            {
                "figure": f"seconds a token, {longest['tokens']} tokens over {shortest['tokens']}",
                "tokens": longest["tokens"],
                "ratio": shortest["tokens_per_s"] / longest["tokens_per_s"],
            }
        )
    return found
