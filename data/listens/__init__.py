"""Importers of listening exports: format detection and one reader for each service."""
