"""Rules that leave a readable track out: patterns of names and bounds of duration."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from shlex import quote


@dataclass(frozen=True)
class Rules:
    """Patterns and bounds by which one folder leaves files out.

    Raises
    ------
    ValueError
        A bound is no duration, or no track can be within both.
    """

    exclude: tuple[str, ...] = ()  # glob patterns
    min_duration: float | None = None  # seconds
    max_duration: float | None = None  # seconds

    def __post_init__(self) -> None:
        for name, bound in (("--min-duration", self.min_duration), ("--max-duration", self.max_duration)):
            if bound is not None and not (math.isfinite(bound) and bound > 0):
                raise ValueError(f"{name} is {bound:g}; it is a number of seconds, such as 30")
        if self.min_duration and self.max_duration and self.min_duration > self.max_duration:
            bounds = f"--min-duration {self.min_duration:g} and --max-duration {self.max_duration:g}"
            raise ValueError(f"{bounds} leave nothing in between")

    def __str__(self) -> str:
        """The options as they would be typed.

        >>> print(Rules(("*/Audiobooks/*",), max_duration=1800.0))
        --exclude '*/Audiobooks/*' --max-duration 1800
        """
        words = [f"--exclude {quote(pattern)}" for pattern in self.exclude]
        words += [f"--min-duration {self.min_duration:g}"] if self.min_duration else []
        words += [f"--max-duration {self.max_duration:g}"] if self.max_duration else []
        return " ".join(words)


def combined_bounds(rules: Iterable[Rules]) -> tuple[float | None, float | None]:
    """The shortest and the longest duration, in seconds, that all of some rules let in; None for no bound."""
    rules = list(rules)
    shortest = max((rule.min_duration for rule in rules if rule.min_duration is not None), default=None)
    longest = min((rule.max_duration for rule in rules if rule.max_duration is not None), default=None)
    return shortest, longest


def duration_exclusion(seconds: float, shortest: float | None, longest: float | None) -> str | None:
    """Why a track of this duration is left out, or None. Both bounds are in seconds and optional."""
    if shortest is not None and seconds < shortest:
        return f"shorter than --min-duration {shortest:g} ({seconds:.0f} s)"
    if longest is not None and seconds > longest:
        return f"longer than --max-duration {longest:g} ({seconds:.0f} s)"
    return None
