"""The preference graph: which tracks, artists and tags are liked together."""
