"""Files on disk: walking folders, reading without waiting forever, hashing, and writing whole or not at all."""
