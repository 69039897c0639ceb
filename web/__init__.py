"""The web server of a library: pages for a browser, sound, and doors for players."""
