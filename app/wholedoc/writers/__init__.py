"""Who writes answers: a language model on this machine, or a program that speaks OpenAI's protocol.

A writer is given a question and some passages, and knows nothing of how they were found. May import `models`,
`runtime` and the package's errors.
"""
