"""From kept chunks to what a question attends to: put together, calibrated, and stepped through token by token.

May import everything of the engine but APB, ranks and the engine itself.
"""
