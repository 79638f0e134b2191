"""The library over HTTP, as OpenAI's clients expect it. Needs `pip install "wholedoc[server]"`.

`app` puts everything together, `routes` answers requests and `protocol` knows OpenAI's formats. May import the
rest of wholedoc but neither `cli` nor `llama_index`.
"""
