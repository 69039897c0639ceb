"""Other encodings of one's own tracks: whether the encoder finds them."""
