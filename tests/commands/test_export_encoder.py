"""`cli export-encoder` as a user meets it."""

from commands_typed import invoke


def test_it_says_what_goes_in_and_out(heard_library, tmp_path):
    result = invoke(heard_library, "export-encoder", str(tmp_path / "ear.onnx"))
    assert (tmp_path / "ear.onnx").stat().st_size > 500_000
    told = "MB. Input samples: mono at 16,000 Hz, 80,000 in a row; output vectors: 128 numbers each.\n"
    assert result.stderr.endswith(told) and result.stdout == ""


def test_without_a_library_it_is_the_packaged_encoder(tmp_path):
    result = invoke(tmp_path / "none", "export-encoder", str(tmp_path / "ear.onnx"))
    assert "packaged default weights" in result.stderr and not (tmp_path / "none").exists()


def test_a_folder_is_no_file(heard_library, tmp_path):
    assert "is a directory" in invoke(heard_library, "export-encoder", str(tmp_path), code=2).stderr
