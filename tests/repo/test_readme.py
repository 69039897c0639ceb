"""What the README says is so."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import click
import pytest

from earshot.cli import cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_is_explained(name):
    assert "Example" in (cli.commands[name].help or "")
    assert f"cli {name}" in README


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_option_has_a_help_text(name):
    options = [parameter for parameter in cli.commands[name].params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_there_are_six_queries():
    assert len(QUERIES) == 6


@pytest.mark.parametrize("query", QUERIES, ids=[query.splitlines()[0].strip("- ") for query in QUERIES])
def test_the_queries_run(query, heard_library, world):
    """With the names of the world in place of the README's; plain sqlite3, no code of ours."""
    query = query.replace("Vibe Ace", world.tracks[0].title)
    query = query.replace("bjork", world.artists[0].name.split()[0])
    connection = sqlite3.connect(":memory:")
    with closing(sqlite3.connect(heard_library / "library.db")) as source:
        source.backup(connection)
    connection.execute("INSERT INTO users (id, name) VALUES (1, 'ann')")
    connection.execute("INSERT INTO recommendations SELECT 1, id, id, 0.5, 1 FROM tracks WHERE status = 'embedded'")
    rows = connection.execute(query).fetchall()
    if "failures" in query:
        assert rows == []  # the session's world has none
    else:
        assert rows and all(value is not None for value in rows[0])


def test_the_contract_columns_are_those_in_the_readme(heard_library):
    connection = sqlite3.connect(heard_library / "library.db")
    promised = dict(re.findall(r"^\| `(\w+)` \| `([\w, ]+)`", README, re.MULTILINE))
    assert set(promised) == {"similar_tracks", "current_vectors", "failures", "library_summary", "user_recommendations"}
    for view, columns in promised.items():
        cursor = connection.execute(f"SELECT * FROM {view} LIMIT 0")
        assert ", ".join(column[0] for column in cursor.description) == columns


def test_the_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_no_path_of_this_machine_is_in_the_readme():
    assert not re.search(r"/(work|root|home|tmp)/", README)


def test_the_tree_of_the_code_names_every_folder():
    tree = README[README.index("## The code") :].split("```")[1]
    packages = {path.parent for path in ROOT.glob("*/__init__.py")}
    folders = {
        path.name for package in packages for path in (package, *package.iterdir()) if (path / "__init__.py").exists()
    }
    assert set(re.findall(r"(\w+)/", tree)) == folders
