"""An answer's text as the chat shows it: inert Markdown, with marks for what can be checked."""
