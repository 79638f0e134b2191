"""How good the answers are: tasks of known answer, and ways to answer them on the same model in the same run."""
