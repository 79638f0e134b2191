"""Questions to every part: what is listed, against what is there; `register` and `manual` have the questions."""
