"""Recordings: which tracks are one, found by sound, codes, links and names."""
