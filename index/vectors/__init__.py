"""Vector spaces of the library, their FAISS indexes and nearest-neighbour tables."""
