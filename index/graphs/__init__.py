"""Preference graphs of the library, and the audio vectors diffused over them."""
