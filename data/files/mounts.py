"""Borders between disks, as a walk over folders sees them."""

import os


def is_mounted(folder: str) -> bool:
    """Whether a folder lies on another disk than the one that holds it. A link to another disk counts."""
    try:
        return os.stat(folder).st_dev != os.stat(os.path.dirname(folder)).st_dev
    except OSError:
        return False


def mount_above(path: str) -> str:
    """The nearest folder, `path` or one above it, where another disk begins; "/" where none does."""
    while path != os.path.dirname(path) and not is_mounted(path):
        path = os.path.dirname(path)
    return path
