"""Map the names of an imported file to the library's words, by a table that says what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from earshot.data.tables.name_tables import Translation, level_of, translate


@dataclass(frozen=True)
class NameOptions:
    """Options that say how the names of an imported file are to be understood."""

    names: Path | None = None  # a table that says what the file's names mean
    names_key: str | None = None  # its column with the file's names; else looked for
    names_value: str | None = None  # its column with their meanings; else looked for
    names_are: str = "auto"  # "names", "ids" of the library, or "auto", which takes all for names


@dataclass(frozen=True)
class MappedNames:
    """The names of a file in the library's words, and how to match them with tracks, albums or artists."""

    names: Sequence[str]
    level: str | None  # what they name, where a column says it
    names_are: str
    folders: Sequence[str]  # where relative paths begin
    translation: Translation | None  # by the table, if there is one


def map_names(names: Sequence[str], level: str | None, file: Path, options: NameOptions) -> MappedNames:
    """Translate the names of a file, if there is a table for them."""
    folders = [str(file.absolute().parent)]
    table = options.names
    if table is None:
        return MappedNames(names, level, options.names_are, folders, None)
    translation = translate(names, table, key=options.names_key, value=options.names_value, level=level or "")
    folders = [str(table.absolute().parent), *folders]
    return MappedNames(
        translation.names, level or level_of(translation.value, translation.key), "names", folders, translation
    )
