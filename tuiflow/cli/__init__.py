"""Commands: each asks a room below and prints the answer."""
