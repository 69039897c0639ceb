"""Data that comes in from outside: files, tables, listening exports, and the ids that everything else goes by."""
