"""Playlists of other programs, one reader per format."""
