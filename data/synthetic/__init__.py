"""A synthetic world of artists, users and rendered music, in which the right answers are known."""
