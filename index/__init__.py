"""What is kept and found: the SQLite library and the FAISS indexes built from it."""
