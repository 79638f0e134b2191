"""The conversation as the chat shows it: inert Markdown, with marks for what can be checked of an answer."""
