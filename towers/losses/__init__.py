"""Losses of the towers: sampled softmax with logQ correction, BPR."""
