"""Sound and pictures of tracks for players: from any moment on, in processes of their own."""
