"""Similarity search: filters, rank fusion, copies of one recording."""
