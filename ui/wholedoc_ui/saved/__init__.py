"""What a person saves as a file: text that stays text in Markdown, and the items that were found as a table."""
