"""Propagation of audio vectors over the preference graph, and its check on hidden tracks."""
