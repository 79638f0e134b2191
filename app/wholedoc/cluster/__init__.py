"""The server for many: an ingress without a model in front of replicas of the engine, on Ray Serve.

Needs `pip install "wholedoc[cluster]"`. `placement` decides which replica answers and knows nothing of Ray;
`router`, `replica`, `ingress` and `application` are what Ray Serve runs. May import the rest of wholedoc but no
other adapter than `server`, whose routes it shares. Nothing else imports Ray.
"""
