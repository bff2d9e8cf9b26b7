"""Scoring models over HTTP, and keeping the servers that do it."""
