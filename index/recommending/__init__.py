"""Trained towers in the library: their runs, vectors, candidates and stored recommendations."""
