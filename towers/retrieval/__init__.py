"""Retrieval with trained towers: exact search, artist caps, recommendation lists."""
