"""The server over replicas on Ray Serve: are its answers those of one process, what do routing and kills cost."""
