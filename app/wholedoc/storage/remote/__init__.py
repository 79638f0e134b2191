"""Chunks and documents in an object store that machines share, with a cache on each machine's disk."""
