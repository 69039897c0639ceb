"""A synthetic world of artists, listeners and rendered music, with known answers."""
