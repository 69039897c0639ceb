"""Settings that come out of a file: of the right kind, and neither absurd nor without end."""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args, get_type_hints


def check_settings(config: Any, bounds: Mapping[str, tuple[float, float]]) -> None:
    """Refuse a setting of the wrong kind, or outside of its bounds, both of which are allowed.

    Parameters
    ----------
    config : a dataclass whose fields are `Annotated[int, ...]`, float or str
    bounds : of the numbers that have some

    Raises
    ------
    ValueError
        A setting is not as it should be; the message names it and its value.
    """
    hints = get_type_hints(type(config), include_extras=True)
    for field in fields(config):
        kind, value = get_args(hints[field.name])[0], getattr(config, field.name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind is str:
            if not isinstance(value, str):
                raise ValueError(f"{field.name} is {_short(value)}; it is a word")
            continue
        is_endless = isinstance(value, float) and not math.isfinite(value)
        if not is_number or is_endless or (kind is int and not isinstance(value, int)):
            raise ValueError(f"{field.name} is {_short(value)}; it is a {'whole ' if kind is int else ''}number")
        low, high = bounds.get(field.name, (-math.inf, math.inf))
        if not low <= value <= high:
            raise ValueError(f"{field.name} is {_short(value)}; it lies between {low:,} and {high:,}")


def check_product(most: int, **factors: float) -> None:
    """Refuse sizes that are fine one by one and together would fill the memory."""
    if math.prod(factors.values()) > most:
        told = ", ".join(f"{name} is {value:,}" for name, value in factors.items())
        raise ValueError(f"{told}; together these are more than {most:,}")


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**30 else "a number of more than 30 digits"
    return text if len(text) <= 60 else text[:57] + "..."
