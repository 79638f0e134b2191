"""What is made of any file: pages of clean text in blocks, with their labels and warnings."""
