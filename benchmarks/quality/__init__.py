"""How good the answers are: tasks with known answers, and methods that answer them on the same model in one run.

`cases/` holds the tasks and how answers are marked, `baselines/` the methods that ours is compared with. The files
`questions`, `precision`, `attention` and `policies` are benchmarks of their own.
"""
