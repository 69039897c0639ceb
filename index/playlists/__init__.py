"""Playlists made of a library's vectors: a path between two tracks, radio, a flowing order."""
