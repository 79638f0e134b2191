"""The library over HTTP, as OpenAI's clients expect it. Needs `pip install "wholedoc[server]"`."""
