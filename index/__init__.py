"""The library: a SQLite database, files beside it, and FAISS indexes built from it."""
