"""Of what format a file of listens is: seen from its beginning, not from its name."""

import re
from pathlib import Path

from earshot.data.listens import lastfm, yambda
from earshot.data.tables.archives import refuse_packed
from earshot.data.tables.encodings import decoded
from earshot.data.tables.parquet_blocks import parquet_columns
from earshot.data.tables.table_blocks import SUFFIXES, header, table_errors
from earshot.data.tables.text_blocks import Member

FORMATS = ("lastfm-1k", "yambda", "listenbrainz", "spotify", "lastfm-csv", "table")
_HEAD_BYTES = 65_536
_1K_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CSV_DATE = re.compile(r'\d{1,2} [A-Z][a-z]{2} \d{4},? \d\d:\d\d"?$')
_SPOTIFY = ('"master_metadata_track_name"', '"msPlayed"')
_LISTENBRAINZ = ('"track_metadata"', '"recording_mbid"', '"recording_msid"')


def format_of(member: Member, roles: dict[Path, str]) -> str | None:
    """Which of `FORMATS` a file is of, or none. What a file of Yambda's is goes into `roles`.

    Raises
    ------
    ValueError
        It is damaged.
    """
    with member.open() as file:
        head = file.read(_HEAD_BYTES)
    if member.name is None:
        refuse_packed(head, member.path.name)
    if head.startswith(b"PAR1"):
        if member.name is not None:
            return None  # Parquet is small enough as it is, and nobody packs it
        with table_errors(member.path.name):
            columns = list(parquet_columns(member.path))
        role = yambda.role_of(member.path, columns)
        if role is not None:
            roles[member.path] = role
        return "yambda" if role else "table"
    text = decoded(head).lstrip()
    if text[:1] in ("{", "["):
        return _json_format(member, text)
    lines = text.splitlines()
    first = lines[0] if lines else ""
    fields = first.split("\t")
    if len(fields) == 6 and _1K_TIME.fullmatch(fields[1]):
        return "lastfm-1k"
    if member.suffix not in SUFFIXES:
        return None
    return "lastfm-csv" if _CSV_DATE.search(first) or lastfm.is_export(header(first)) else "table"


def _json_format(member: Member, text: str) -> str | None:
    if any(mark in text for mark in _SPOTIFY):
        return "spotify"
    if any(mark in text for mark in _LISTENBRAINZ) or member.title == "user.json":
        return "listenbrainz"
    return "table" if member.suffix in (".jsonl", ".ndjson") and text[0] == "{" else None
