"""Commands that stay and serve: the API, the cluster, users of both, and tools for other assistants."""
