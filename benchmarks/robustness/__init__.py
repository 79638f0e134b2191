"""What attacks and damage do: how much is refused, how long it takes, and what is left behind."""
