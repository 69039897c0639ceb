"""Drawings: graphs, neighbourhoods, and the UMAP map of all tracks."""
