"""Training of the audio encoder on a preference graph: sampling, losses, trainer."""
