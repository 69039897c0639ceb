"""Detect the format of a listening export from its first bytes."""

from earshot.data.listens import lastfm, listen_tables, listenbrainz, spotify, yambda
from earshot.data.listens.listen_reader import Head, Reader
from earshot.data.tables.archives import refuse_packed
from earshot.data.tables.encodings import decoded
from earshot.data.tables.parquet_blocks import parquet_columns
from earshot.data.tables.table_blocks import table_errors
from earshot.data.tables.text_blocks import Member

# The first that detects a file reads it: tables come last. A new format is a module with a `Reader`, and a line here.
READERS = (
    lastfm.LASTFM_1K,
    yambda.YAMBDA,
    spotify.SPOTIFY,
    listenbrainz.LISTENBRAINZ,
    lastfm.LASTFM_CSV,
    listen_tables.TABLE,
)
_HEAD_BYTES = 65_536


def detect_format(member: Member) -> Reader | None:
    """Detect the format of a file; None if it is no listening export in a supported format.

    Raises
    ------
    ValueError
        The file is damaged or packed.
    """
    head = read_head(member)
    return None if head is None else next((reader for reader in READERS if reader.detect(head)), None)


def read_head(member: Member) -> Head | None:
    """Read the beginning of a file; None for Parquet inside an archive, which is not read."""
    with member.open() as file:
        content = file.read(_HEAD_BYTES)
    if member.name is None:
        refuse_packed(content, member.path.name)
    if not content.startswith(b"PAR1"):
        return Head(member, decoded(content).lstrip())
    if member.name is not None:
        return None
    with table_errors(member.path.name):
        return Head(member, columns=tuple(parquet_columns(member.path)))
