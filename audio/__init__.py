"""The audio encoder: excerpts, log-mel spectrograms, and the CNN that turns them into vectors."""
