"""Settings with their ranges: each written once, in the annotation of a field, for `validate` and the command line.

dim: Annotated[int, "numbers in a vector", Range(1, 4_096)] = 64
loss: Annotated[Literal["sampled-softmax", "bpr"], "of the training"] = "bpr"
weighted: Annotated[bool, "count an event by its share of play"] = True
"""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Range:
    """Bounds of a number: `low` and `high` are allowed themselves, `above` and `below` are not.

    >>> 1 in Range(0, below=1), str(Range(0, below=1)), str(Range(1, 4_096))
    (False, 'is at least 0 and below 1', 'lies between 1 and 4,096')
    """

    low: float | None = None
    high: float | None = None  # infinite where an infinite number is allowed
    above: float | None = None
    below: float | None = None

    def __contains__(self, value: float) -> bool:
        return (
            (self.low is None or self.low <= value)
            and (self.high is None or value <= self.high)
            and (self.above is None or self.above < value)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        if self.low is not None and self.high is not None:
            return f"lies between {self.low:,} and {self.high:,}"
        bounds = {"at least": self.low, "above": self.above, "at most": self.high, "below": self.below}
        return "is " + " and ".join(f"{words} {bound:,}" for words, bound in bounds.items() if bound is not None)


SEED = Range(0, 2**63 - 1)  # the generators of torch take no other


@dataclass(frozen=True)
class Setting:
    """One field of a config dataclass, as its annotation describes it."""

    name: str
    kind: type  # int, float, bool or str
    text: str  # help, with the unit
    default: Any
    range: Range = Range()
    choices: tuple[str, ...] = ()

    def fault(self, value: Any) -> str | None:
        """The requirement that a value does not meet, as a phrase; None if it meets all."""
        if self.choices:
            return None if value in self.choices else f"is one of {', '.join(self.choices)}"
        if self.kind is bool:  # files of earlier releases hold 0 and 1
            return None if isinstance(value, int) and value in (0, 1) else "is True or False, or 1 or 0"
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_finite = is_number and (isinstance(value, int) or math.isfinite(value) or value == self.range.high)
        if not is_finite or (self.kind is int and not isinstance(value, int)):
            return f"is a {'whole ' if self.kind is int else ''}number"
        return None if value in self.range else str(self.range)


def settings_of(config_class: type) -> list[Setting]:
    """The fields of a config dataclass, in their order."""
    hints = get_type_hints(config_class, include_extras=True)
    return [_setting(field.name, field.default, *get_args(hints[field.name])) for field in fields(config_class)]


def _setting(name: str, default: Any, kind: Any, text: str, allowed: Range = Range()) -> Setting:
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    return Setting(name, str if choices else kind, text, default, allowed, choices)


def validate(config: Any) -> None:
    """Refuse a setting of the wrong type, or outside of its range; a switch of 0 or 1 becomes a bool.

    Raises
    ------
    ValueError
        Naming the setting, its value, and what is allowed.
    """
    for setting in settings_of(type(config)):
        value = getattr(config, setting.name)
        fault = setting.fault(value)
        if fault:
            raise ValueError(f"{setting.name} is {_short(value)}; it {fault}")
        if setting.kind is bool:
            object.__setattr__(config, setting.name, bool(value))


def stored(config: Any) -> dict[str, Any]:
    """The settings as files and keys of trainings hold them in every release: a switch is 0 or 1."""
    return {name: int(value) if isinstance(value, bool) else value for name, value in asdict(config).items()}


def check_product(limit: int, **factors: float) -> None:
    """Refuse sizes that are fine one by one and together would fill the memory."""
    if math.prod(factors.values()) > limit:
        sizes = ", ".join(f"{name} is {value:,}" for name, value in factors.items())
        raise ValueError(f"{sizes}; together these are more than {limit:,}")


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**30 else "a number of more than 30 digits"
    return text if len(text) <= 60 else text[:57] + "..."
