"""What the viewer beside the chat shows of a document: its pages, and where words stand in it."""
