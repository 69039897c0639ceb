"""Pages of a library for a browser, their templates, and the files that these load."""
