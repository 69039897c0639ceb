"""Sound and covers of tracks over HTTP, by the ids of tracks and never by paths."""
