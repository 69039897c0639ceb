"""Times of listens, in text or numbers of any kind, as whole seconds since 1970.

Some forms are told by a whole column alone: 45356.8 is a day of Excel, or 1970; 20240310 is a day, or 1970 too;
05/06/2024 is a day of May or of June.
"""

import re
from dataclasses import dataclass

import polars as pl

_DATETIMES = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p")
_LASTFM_DATES = ("%d %b %Y %H:%M", "%d %b %Y %H:%M:%S")  # without the comma before the hour
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_MIN_MILLIS, _MIN_MICROS, _MIN_NANOS = 1e11, 1e14, 1e17  # smaller times are seconds, till the year 5138
_FIRST_EXCEL_DAY, _LAST_EXCEL_DAY, _EXCEL_1970 = 32_874, 80_000, 25_569  # 1990, 2119 and 1970
_FIRST_DAY, _LAST_DAY = 19_000_101, 21_001_231  # as YYYYMMDD
_DAY_S = 86_400
_N_SEEN = 10_000  # rows from which a form is told
_MONTH = r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b"
_DASHED = (r"^(\d{1,2})-([A-Za-z]{3})-(\d{4})", "$1 $2 $3")  # as spreadsheets write it
_WEEKDAY = r"(?i)^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? "
_SPELLED_ZONED = ("%d %b %Y %H:%M:%S %z", "%b %d %Y %H:%M:%S %z")  # of mails, and of JavaScript
_SPELLED = (  # as Google, IFTTT and C write it
    *(f"%b %d %Y {clock}" for clock in ("%I:%M %p", "%I:%M:%S %p", "%H:%M:%S", "%H:%M")),
    *("%b %d %H:%M:%S %Y", "%d %b %Y %H:%M", "%d %b %Y %H:%M:%S", "%d %b %Y %I:%M %p", "%d %b %Y %I:%M:%S %p"),
)
_SPELLED_DAYS = ("%b %d %Y", "%d %b %Y")
_FIRST_CLOCK, _LAST_CLOCK = 19_900_101_000_000, 21_001_231_235_959  # as YYYYMMDDHHMMSS
_CLOCK_FORM = "%Y%m%d%H%M%S"
_BASIC_ISO = (r"^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\D|$)", "${1}-${2}-${3}T${4}:${5}:${6}${7}")
_SLASHED = re.compile(r"\s*(\d{1,2})([/.-])(\d{1,2})\2(?:\d{4}|\d{2})(?!\d)(.*)", re.DOTALL)
_DECIMAL_COMMA = (r"^\s*(\d+),(\d+)\s*$", "$1.$2")
_YEAR_FIRST = r"^(\d{4})[/.年] ?(\d{1,2})[/.月] ?(\d{1,2})[日.]?"  # as in Japan, China and Korea
# With seconds, and minutes of the zone, as ISO 8601 need not have.
_NO_SECONDS = r"^(\d{4}-\d\d?-\d\d?[T ]\d\d?:\d\d)((?:[+-]|$).*)$"
_COMMA_AFTER_DATE = (r"^(\d\S*), ?(\d)", "$1 $2")
_HALF_OF_DAY = (r"(?i) ?([ap])\. ?m\.$", " ${1}m")  # as in Canada and Spain
_CLOCK_OF_DOTS = (r"( \d{1,2})\.(\d\d)(?:\.(\d\d))?$", "$1:$2")  # as in Finland and Denmark
_SHORT_ZONE = r"(:\d\d(?:\.\d+)?)\s*([+-]\d\d)$"


@dataclass(frozen=True)
class TimeForm:
    """The meaning of the times of a column, where one of them alone does not tell it."""

    numbers: str = ""  # "excel" days, "days" as YYYYMMDD, "clock" as YYYYMMDDHHMMSS, else seconds or fractions of them
    dates: str = ""  # order in dates between slashes or dots: "day" or "month" first; empty if there are none
    is_spelled: bool = False  # whether some name the month
    note: str = ""  # for a person to check


def time_form(values: pl.Series) -> TimeForm:
    """Tell the form of a column of times by its first values."""
    texts = values.head(_N_SEEN).cast(pl.String, strict=False).drop_nulls()
    numbers = texts.str.replace(*_DECIMAL_COMMA).cast(pl.Float64, strict=False).drop_nulls()
    if len(numbers) and len(numbers) * 2 >= len(texts):
        if numbers.is_between(_FIRST_EXCEL_DAY, _LAST_EXCEL_DAY).all():
            return TimeForm(numbers="excel", note="times are read as days of Excel")
        days = numbers.cast(pl.Int64, strict=False).cast(pl.String).str.to_date("%Y%m%d", strict=False)
        if numbers.is_between(_FIRST_DAY, _LAST_DAY).all() and days.null_count() == 0:
            return TimeForm(numbers="days")
        if numbers.is_between(_FIRST_CLOCK, _LAST_CLOCK).all():
            return TimeForm(numbers="clock")
        return TimeForm()
    dates = [match for text in texts.to_list() if (match := _SLASHED.fullmatch(text))]
    is_spelled = bool(texts.str.contains(_MONTH).any())
    if not dates:
        return TimeForm(is_spelled=is_spelled)
    firsts, seconds_ = {int(date[1]) for date in dates}, {int(date[3]) for date in dates}
    if max(firsts) > 12 or max(seconds_) > 12:
        return TimeForm(dates="day" if max(firsts) > 12 else "month", is_spelled=is_spelled)
    order = "month" if any(date[4].rstrip().lower().endswith(("am", "pm")) for date in dates) else "day"
    return TimeForm(
        dates=order,
        is_spelled=is_spelled,
        note=f"dates like {' '.join(dates[0][0].split())} are read with the {order} first",
    )


def seconds(values: pl.Expr, dtype: pl.DataType, form: TimeForm | None = None) -> pl.Expr:
    """Parse times to whole seconds since 1970, null where they are none; UTC unless they say otherwise."""
    form = form or TimeForm()
    if dtype.is_temporal():
        return values.cast(pl.Datetime("us")).dt.epoch("s")
    number = values.str.replace(*_DECIMAL_COMMA) if dtype == pl.String else values
    integers = _of_numbers(number.cast(pl.Float64, strict=False), form)
    if dtype != pl.String:
        return integers
    texts = values.str.strip_chars().str.replace("Z$", "+00:00").str.replace(" UTC$", "+00:00")
    texts = texts.str.replace_all(r"\s+", " ").str.replace(
        *_BASIC_ISO
    )  # also what Chrome writes before PM, a narrow blank
    texts = texts.str.replace(*_COMMA_AFTER_DATE).str.replace(*_HALF_OF_DAY)
    texts = texts.str.replace(_YEAR_FIRST, "${1}-${2}-${3}")
    texts = texts.str.replace(_NO_SECONDS, "${1}:00$2").str.replace(_SHORT_ZONE, "${1}${2}:00")
    zoned = texts.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    plain = [
        variant.str.to_datetime(pattern, time_unit="us", strict=False).dt.replace_time_zone("UTC")
        for variant, patterns in ((texts, _DATETIMES), (texts.str.replace(",", ""), _LASTFM_DATES))
        for pattern in patterns
    ]
    day = _midnight(texts.str.to_date("%Y-%m-%d", strict=False))
    slashed = _of_slashes(texts, form.dates) if form.dates else []
    spelled = _of_months(texts) if form.is_spelled else []
    return pl.coalesce(integers, pl.coalesce(zoned, *plain, *slashed, *spelled, day).dt.epoch("s"))


def _of_numbers(number: pl.Expr, form: TimeForm) -> pl.Expr:
    if form.numbers == "excel":
        return ((number - _EXCEL_1970) * _DAY_S).round().cast(pl.Int64, strict=False)
    text = number.cast(pl.Int64, strict=False).cast(pl.String)
    if form.numbers == "clock":
        return text.str.to_datetime(_CLOCK_FORM, time_unit="us", strict=False).dt.epoch("s")
    if form.numbers == "days":
        return _midnight(text.str.to_date("%Y%m%d", strict=False)).dt.epoch("s")
    whole = (
        pl.when(number >= _MIN_NANOS).then(number / 1e9)
        .when(number >= _MIN_MICROS).then(number / 1e6)
        .when(number >= _MIN_MILLIS).then(number / 1e3)
        .otherwise(number)
    )  # fmt: skip
    return whole.floor().cast(pl.Int64, strict=False)


def _of_slashes(texts: pl.Expr, order: str) -> list[pl.Expr]:
    """Parse dates between slashes, dots or dashes in each form of the clock behind them."""
    date = "%d/%m/%Y" if order == "day" else "%m/%d/%Y"
    plain = texts.str.replace(r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{2,4})", "$1/$2/$3").str.replace(",", "")
    plain = plain.str.replace(r"^(\d{1,2}/\d{1,2}/)(\d{2})($|\s)", "${1}20$2$3").str.replace(*_CLOCK_OF_DOTS)
    return [
        plain.str.to_datetime(date + clock, time_unit="us", strict=False).dt.replace_time_zone("UTC")
        if clock
        else _midnight(plain.str.to_date(date, strict=False))
        for clock in _CLOCKS
    ]


def _of_months(texts: pl.Expr) -> list[pl.Expr]:
    """Parse dates that name the month, and perhaps the day of the week and a zone, in each form that programs write."""
    plain = texts.str.replace(_WEEKDAY, "").str.replace(r" \([^()]*\)$", "").str.replace(r"(?i) at ", " ")
    plain = plain.str.replace(_MONTH, "$1").str.replace(*_DASHED)
    plain = plain.str.replace_all(",", "", literal=True)
    zoned = plain.str.replace(r" GMT$", " +0000").str.replace(r" ?(?:GMT)?([+-]\d\d):?(\d\d)$", " $1$2")
    return [
        *(zoned.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False) for form in _SPELLED_ZONED),
        *(plain.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone("UTC") for form in _SPELLED),
        *(_midnight(plain.str.to_date(form, strict=False)) for form in _SPELLED_DAYS),
    ]


def _midnight(day: pl.Expr) -> pl.Expr:
    return day.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
