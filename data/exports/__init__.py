"""Readers of listening exports: services, scrobblers and data sets, one file for each format."""
