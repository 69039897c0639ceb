"""Listening events (user, track, time): the event log, interaction arrays, and train/test splits."""
