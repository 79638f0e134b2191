"""GGUF files, read and made into what transformers loads. A child process runs this, see `models.conversion`."""
