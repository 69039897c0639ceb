"""Decoding of audio files: any format to mono excerpts and tags, in processes with limits."""
