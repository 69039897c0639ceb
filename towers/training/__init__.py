"""Training of the towers: batches, negatives, the trainer, several processes."""
