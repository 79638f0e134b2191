"""Several processes (ranks) that read one document together, over `torch.distributed`: gloo on CPUs, NCCL on GPUs.

ParallelComp's chunks (arXiv 2502.14317) are independent of each other, so they are dealt to the ranks: each rank
reads, keeps and scores its own. Only scores and the KV that a question keeps travel. The hosts of APB (arXiv
2502.12085) are dealt too, and send each other their passing blocks.

Every rank runs the same program. `torchrun` or `launch` starts them, and `join` makes them one group.

It may import everything else in the engine but `apb`.
"""

from .engine import ChunksOverRanks, Elsewhere, ScoringOverRanks, agreed
from .group import Ranks, Traffic, join, started_as_rank
from .hosts import RankCommunicator
from .launch import launch

__all__ = [
    "ChunksOverRanks",
    "Elsewhere",
    "RankCommunicator",
    "Ranks",
    "ScoringOverRanks",
    "Traffic",
    "agreed",
    "join",
    "launch",
    "started_as_rank",
]
