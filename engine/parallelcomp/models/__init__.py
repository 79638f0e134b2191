"""Models as the engine uses them: which it can run, what identifies one, and number formats of weights."""
