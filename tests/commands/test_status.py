"""Status in lines for a reader and as JSON for a program."""

import json
import re
import shutil

from commands_typed import invoke


def test_lines_say_what_is_there(heard_library):
    lines = dict(
        line.split(maxsplit=1) for line in invoke(heard_library, "status").stdout.splitlines() if line[0] != " "
    )
    assert lines["Library"] == str(heard_library)
    assert lines["Tracks"].startswith("18 embedded, 6 artists")
    assert "18 vectors" in lines["Index"] and lines["Index"].endswith("up to date")
    assert not {"Listens", "Towers", "Next"} & set(lines), "nothing is stale"


def test_the_next_step_renews_what_is_stale(heard_library, tmp_path):
    folder = shutil.copytree(heard_library, tmp_path / "library")
    (index,) = folder.glob("*.faiss")
    index.unlink()
    assert re.search(r"^Next +cli build-index", invoke(folder, "status").stdout, re.MULTILINE)


def test_json_has_the_same_facts(heard_library):
    facts = json.loads(invoke(heard_library, "status", "--json").stdout)
    assert facts["summary"]["tracks"] == 18 and facts["index"]["vectors"] == 18
    assert facts["towers"] is None and facts["listens"]["files"] == 0


def test_a_line_break_in_a_name_makes_no_line(heard_library, tmp_path):
    (tmp_path / "two\nlines").symlink_to(heard_library)
    first, second, *_ = invoke(tmp_path / "two\nlines", "status").stdout.splitlines()
    assert first.startswith("Library") and "two\\nlines" in first and second.startswith("Folders")
