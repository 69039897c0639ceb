"""Listens in one form, whatever export they come from: batches, their collector, and tables of listens."""
