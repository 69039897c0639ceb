"""Imports: listens, playlists and graphs from other programs, links of their tracks with files, and forgetting."""
