"""The commands as a user meets them: real processes, real files, every word they print."""

import shutil
import subprocess
import sys

import pytest

from earshot.cli import cli
from earshot.index.library import Library


@pytest.fixture
def library(heard_library, tmp_path):
    """A library of one's own that has heard the session's world."""
    shutil.copytree(heard_library, tmp_path / "library")
    return tmp_path / "library"


def test_wrong_usage_never_waits_for_torch(tmp_path):
    wrong = [
        ["similar", "--nonsense"], ["recommend"], ["train-audio", "--graph", "x", "--no-graph"],
        ["train-tower", "--loss", "bpr", "--correction", "none"], ["train-tower", "--refit", "--split", "none"],
        ["train-audio", "--loss", "x"], ["embed-audio"], ["evaluate", "-k", "0"], ["map", "--color", "x"],
        ["diffuse-audio", "--hops", "x"], ["import-playlists", str(tmp_path / "none.m3u")],
    ]  # fmt: skip
    code = (
        "import sys, click\nfrom earshot.cli import cli\n"
        f"for arguments in {wrong!r}:\n"
        f"    try: cli(['--library', {str(tmp_path / 'library')!r}, *arguments], standalone_mode=False)\n"
        "    except click.UsageError: pass\n"
        "    else: raise SystemExit(f'{arguments} is right')\n"
        "    assert 'torch' not in sys.modules, arguments\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_embedding_and_asking_never_import_torch(library, track_files, tmp_path):
    """They take tenths of a second; torch alone takes more than one. Every file has another ctime, as after a move."""
    new, outside = (
        shutil.copy(path, tmp_path / f"{name}{path.suffix}") for name, path in zip("no", track_files[:2], strict=True)
    )
    with open(new, "ab") as file:
        file.write(b" ")  # which makes it other content
    with Library.open_to_write(library) as opened:
        opened.db.execute("UPDATE tracks SET ctime_ns = 1")
        (known,) = opened.db.execute("SELECT min(id) FROM tracks WHERE status = 'embedded'").fetchone()
    code = (
        "import sys, click.testing\nfrom earshot import cli\n"
        f"for arguments in (['embed-audio'], ['similar', 'id:{known}'], ['embed-audio', {str(new)!r}],\n"
        f"                  ['similar', {str(outside)!r}], ['status'], ['check'], ['--help']):\n"
        f"    result = click.testing.CliRunner().invoke(cli.cli, ['--library', {str(library)!r}, *arguments])\n"
        "    assert result.exit_code == 0, result.output\n"
        "    hears = arguments[0] in ('embed-audio', 'similar')\n"
        "    never = {'torch', 'torchaudio', 'librosa', *(['polars'] if hears else [])}\n"
        "    assert not never & {*sys.modules}, arguments\n"
        "    print(*[line for line in result.stdout.splitlines() if 'ctime' in line], sep='')\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    again = "  18 of the reused had another time of change (ctime); they were read, and are as before"
    assert result.stdout.splitlines() == [again, *[""] * 6], result.stderr


def test_without_extras_it_embeds_and_says_what_the_rest_needs(library, track_files):
    """Modules that are None in `sys.modules` are as if they were not installed."""
    code = (
        "import sys, click.testing\nfrom earshot import cli\nfrom earshot.stages.shared import extras\n"
        "sys.modules.update(dict.fromkeys(extras._EXTRAS))\n"
        f"for arguments in (['embed-audio', {str(track_files[0])!r}, '--again'],\n"
        f"                  ['similar', {str(track_files[1])!r}],\n"
        "                  ['train-audio'], ['train-tower'], ['evaluate-audio'], ['map'], ['mpd']):\n"
        f"    result = click.testing.CliRunner().invoke(cli.cli, ['--library', {str(library)!r}, *arguments])\n"
        "    print(result.exit_code, [line for line in result.stderr.splitlines() if 'earshot[' in line])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    train, map_ = "1 [\"Run `pip install 'earshot[train]'`.\"]", "1 [\"Run `pip install 'earshot[map]'`.\"]"
    mpd = "1 ['Run `pip install \"earshot[mpd]\"`.']"
    assert result.stdout.splitlines() == ["0 []", "0 []", train, train, train, map_, mpd], result.stderr


def test_help_imports_no_library_of_arrays_or_tables():
    """Each of them takes as long as all of the help."""
    code = "import sys, earshot.cli\nprint({'torch', 'numpy', 'polars', 'sqlite_utils'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "set()\n", result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["similar", "no such song at all"], 1, "No track and no file answers to 'no such song at all'"),
        (["similar"], 2, "Missing argument 'SEEDS...'"),
        (["embed-audio", "/no/such/folder"], 1, "There is no /no/such/folder. Is its disk mounted?"),
        (["build-index", "--type", "magic"], 2, "'magic' is not one of"),
        (["recommend", "--all", "--m3u", "-"], 2, "--all writes a folder of playlists, and - is none"),
        (["recommend", "--all", "--m3u", "/dev/stdout"], 2, "--all writes a folder of playlists"),
        (["import-playlists", "--forget", "--json", "x.m3u"], 2, "leave it out with --forget"),
        (["forget-folder", "x", "--json"], 2, "--json lists the folders"),
        (["forget-listens", "1", "--csv"], 2, "--csv lists the imports"),
        (["link", "--pair", "1", "2", "--json"], 2, "--json lists what `cli link` by itself finds"),
        (["link", "--unlink", "1", "--csv"], 2, "leave it out with --pair and --unlink"),
        (["embed-audio", ".", "--workers", "-1"], 2, "Invalid value for '--workers': -1 is not in the range x>=0"),
        (["embed-audio", ".", "--memory-limit", "10"], 2, "10 is not in the range x>=256"),
    ],
)
def test_mistakes_get_one_clear_message(heard_library, run_cli, arguments, code, words):
    result = run_cli(heard_library, *arguments)
    assert result.returncode == code and words in result.stderr
    assert "Traceback" not in result.stderr and result.stdout == ""


@pytest.mark.parametrize("command", ["similar x", "status", "failures", "check"])
def test_without_a_library_every_command_says_how_to_make_one(tmp_path, run_cli, command):
    result = run_cli(tmp_path / "none", *command.split())
    assert result.returncode == 1
    assert "There is no library" in result.stderr and "cli embed-audio FOLDER" in result.stderr
    assert not (tmp_path / "none").exists()


def test_an_empty_library_says_what_to_type(tmp_path, run_cli):
    (tmp_path / "music").mkdir()
    assert "0 found" in run_cli(tmp_path / "library", "embed-audio", tmp_path / "music").stdout
    result = run_cli(tmp_path / "library", "similar", "x")
    assert result.returncode == 1 and "Run `cli embed-audio FOLDER` first" in result.stderr


def test_help_is_short_and_lists_every_command(run_cli, tmp_path):
    result = run_cli(tmp_path, "--help")
    assert all(name in result.stdout for name in cli.commands)
