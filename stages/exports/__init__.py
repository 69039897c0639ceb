"""Exports of a library for other programs."""
