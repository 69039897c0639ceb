"""Names of a file in the library's words."""

from earshot.stages.shared.name_mapping import NameOptions, map_names


def test_names_without_a_table_stay(tmp_path):
    mapped = map_names(["7"], "artist", tmp_path / "x.csv", NameOptions(names_are="ids"))
    assert (mapped.names, mapped.level, mapped.names_are, mapped.folders) == (["7"], "artist", "ids", [str(tmp_path)])
    assert mapped.translation is None


def test_a_table_translates_and_says_what_it_names(tmp_path):
    table = tmp_path / "names" / "artists.csv"
    table.parent.mkdir()
    table.write_text("artist_id,artist\n7,Air\n")
    mapped = map_names(["7", "8"], None, tmp_path / "x.csv", NameOptions(names=table))
    assert (mapped.names, mapped.level, mapped.names_are) == (["Air", "8"], "artist", "names")
    assert mapped.folders == [str(table.parent), str(tmp_path)] and mapped.translation.n_known == 1
