"""Servers that others wrote, as teachers: each runs in an environment of its own (make test-servers)."""
