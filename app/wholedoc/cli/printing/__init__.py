"""What the commands print: text that no terminal acts upon, progress, and answers."""
