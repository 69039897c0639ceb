"""Listens and playlists of the library."""
