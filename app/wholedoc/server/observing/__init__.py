"""What is noted of requests: numbers for Prometheus, spans of traces, and the lines of the audit log."""
