"""How well the text of real PDFs is read: the order of words over lines and columns, and the rows of tables."""
