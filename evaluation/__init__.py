"""Offline evaluation of recommendations and audio vectors: queries, rankings, metrics, reports."""
