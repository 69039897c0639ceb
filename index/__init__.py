"""The library: a SQLite store and the FAISS indexes built from it."""
