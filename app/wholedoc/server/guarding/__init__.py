"""What a server guards against: foreign pages, requests that are too large, too many or too slow."""
