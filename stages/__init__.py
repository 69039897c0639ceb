"""Stages: everything a command does, without click; the way in from Python."""
