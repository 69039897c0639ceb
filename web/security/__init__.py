"""Checks that every request passes: names of the host, the session, origins, sizes and times."""
