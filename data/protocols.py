"""The ways to part a log of listens; see `data.splits`. Imports nothing: the command line asks only for the names."""

PROTOCOLS = ("global", "per-user", "leave-one-out", "given", "random")
