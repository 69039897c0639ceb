"""Metrics of rankings, recommendation lists and vectors, with bootstrap intervals."""
