"""Rules that leave a readable track out."""


def duration_exclusion(seconds: float, shortest: float | None, longest: float | None) -> str | None:
    """Why a track of this duration is left out, or None. Both bounds are in seconds and optional."""
    if shortest is not None and seconds < shortest:
        return f"shorter than --min-duration {shortest:g} ({seconds:.0f} s)"
    if longest is not None and seconds > longest:
        return f"longer than --max-duration {longest:g} ({seconds:.0f} s)"
    return None
