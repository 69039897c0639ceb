"""Readers of the exports of services, scrobblers and data sets: one file for each format."""
