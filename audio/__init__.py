"""How a track sounds: excerpts, log-mel spectrograms, and the CNN that turns them into vectors."""
