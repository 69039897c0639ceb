"""Times in text and numbers, by themselves and by the column they stand in."""

from datetime import UTC, datetime

import polars as pl
import pytest

from earshot.data.listens.listen_times import seconds, time_form

MORNING = int(datetime(2024, 3, 10, 7, 30, tzinfo=UTC).timestamp())
MIDNIGHT = MORNING - 7 * 3_600 - 30 * 60


def read(*texts):
    values = pl.Series("time", texts)
    return pl.select(seconds(pl.lit(values), values.dtype, time_form(values))).to_series().to_list()


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-10T07:30", "2024-03-10 07:30", "2024-03-10T07:30Z", "2024-03-10T07:30:00.000Z",
        "2024-03-10 07:30:00.123+00", "2024-03-10 09:30:00+02", "2024-03-10T09:30+02:00", "2024-03-10T02:30:00-0500",
        "Mar 10, 2024, 7:30:00 AM", "March 10, 2024 at 07:30AM", "Sunday, 10 March 2024 07:30", "10-Mar-2024 07:30:00",
        "Sun, 10 Mar 2024 02:30:00 -0500", "Sun, 10 Mar 2024 07:30:00 GMT", "Sun Mar 10 07:30:00 2024",
        "Sun Mar 10 2024 08:30:00 GMT+0100 (Central European Standard Time)", "20240310T073000Z",
        "20240310T093000+0200", "20240310073000",
        "2024-03-10 07:30:00 UTC", "10 Mar 2024, 07:30", "2024/3/10 7:30", "2024/03/10 07:30:00", "2024年3月10日 7:30",
        "2024. 3. 10. 07:30", "2024-03-10 7:30 AM", str(MORNING), f"{MORNING}000",
    ],
)  # fmt: skip
def test_one_moment_in_many_words(text):
    assert read(text) == [MORNING]


def test_a_day_as_one_number():
    assert read("20240310", "20240311") == [MIDNIGHT, MIDNIGHT + 86_400]
    assert read(20240310) == [MIDNIGHT]
    assert read("20240310", "20241340") == [20240310, 20241340]  # no days, so seconds


def test_a_day_whose_month_is_named():
    assert read("March 10, 2024", "11 Mar 2024", "Mar 10, 2024 7:30:00 AM CET") == [MIDNIGHT, MIDNIGHT + 86_400, None]


def test_days_of_excel():
    assert read("45361", "45361.3125") == [MIDNIGHT, MORNING] and read(45361.3125) == [MORNING]
    assert read("45361,3125", "45361") == [MORNING, MIDNIGHT]
    assert "Excel" in time_form(pl.Series(["45361"])).note
    assert read("45361", "5") == [45361, 5]  # seconds since something


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["10/03/2024 07:30", "25/12/2023 00:00:00"], "day"),
        (["10.03.2024 07:30"], "day"),
        (["3/10/24 7:30 AM"], "month"),
        (["3/10/2024, 7:30:00\u202fAM"], "month"),
        (["03/10/2024, 07:30:00", "12/25/2023 00:00"], "month"),
    ],
)
def test_dates_with_the_day_or_the_month_first(texts, order):
    assert read(*texts)[0] == MORNING and time_form(pl.Series(texts)).dates == order


def test_an_order_that_no_date_tells_is_said():
    assert time_form(pl.Series(["10/03/2024"])).note == "dates like 10/03/2024 are read with the day first"
    assert time_form(pl.Series(["25/12/2023"])).note == "" and read("25/12/2023", "13/13/2023") == [1703462400, None]


def test_what_is_no_time_is_none():
    assert read("soon", "2024-13-01", "", "2024-03-10T07:61") == [None] * 4
    assert time_form(pl.Series([None, None], dtype=pl.String)) == time_form(pl.Series([1.5e9]))
