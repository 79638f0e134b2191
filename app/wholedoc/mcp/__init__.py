"""Here the library is offered to other assistants as tools, over the Model Context Protocol (the extra `mcp`).

May import everything but `cli`, `server` and `llama_index`. Only this folder imports the SDK.
"""
