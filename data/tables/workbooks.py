"""Sheets of Excel workbooks (xlsx), as tables of text."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl

from earshot.data.tables.archives import ZipArchive
from earshot.data.tables.text_blocks import Member

SUFFIX = ".xlsx"


def sheet_names(member: Member) -> list[str]:
    """The names of the sheets, the first one first.

    Raises
    ------
    ValueError
        The file is damaged, unpacks to far more than its size, or lies inside an archive.
    """
    with _workbook(member) as workbook:
        return list(workbook.sheet_names)


def read_sheet(member: Member, sheet: str | None = None) -> pl.DataFrame:
    """Read a sheet, else the first one, whose first row names the columns; raises as `sheet_names` does."""
    with _workbook(member) as workbook:
        table: pl.DataFrame = workbook.load_sheet(0 if sheet is None else sheet, dtypes="string").to_polars()
        return table


@contextmanager
def _workbook(member: Member) -> Iterator[Any]:
    import fastexcel  # here: few imports meet a workbook

    if member.name is not None:
        raise ValueError(f"{member} is a workbook inside {member.path.name}; unpack it first")
    with member.open():  # it is a regular file that can be read
        pass
    try:
        ZipArchive(member.path)  # refuses bombs, which fastexcel does not
        yield fastexcel.read_excel(str(member.path))
    except (fastexcel.FastExcelError, OSError, NotImplementedError, zipfile.BadZipFile) as error:
        raise ValueError(f"{member} cannot be read as a workbook: {str(error).splitlines()[0]}") from None
