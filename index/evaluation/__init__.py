"""Evaluation against the library: labels, stored metrics, approximate search, leakage."""
