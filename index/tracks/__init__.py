"""Tracks of the library: scanning, tags, names, lookup, links."""
