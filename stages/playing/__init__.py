"""Feedback while music plays, and the players that it comes from."""
