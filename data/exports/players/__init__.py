"""Readers of the databases and libraries of music players and servers."""
