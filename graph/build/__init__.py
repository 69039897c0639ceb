"""Construction of preference graphs from co-occurrence and tags."""
