"""`cli export-encoder`: the encoder as one ONNX file, for other programs."""

from pathlib import Path

import click

from earshot.commands.shared.options import NEW_FILE
from earshot.data.files.path_encoding import shown_path


@click.command()
@click.argument("file", type=NEW_FILE)
@click.pass_obj
def export_encoder(folder: Path, file: Path) -> None:
    """Write the library's encoder to FILE as ONNX, for any program that runs such networks.

    From mono samples to vectors, front end included; the file is a graph and its weights, and cannot run code. Without
    a library it is the packaged encoder. A track's vector is the normalised mean over its excerpts; their number and
    length are in the file's metadata, with the other settings.

    Example:

    \b
        cli export-encoder ear.onnx
    """
    from earshot.index.library import Library
    from earshot.stages.exports.export_encoder import export_encoder

    if (folder / "library.db").exists():
        with Library.open(folder) as library:
            report = export_encoder(library, file)
    else:
        report = export_encoder(None, file)
    excerpt, dim = report.config.excerpt, report.config.encoder.dim
    click.echo(
        f"{shown_path(str(file))}: {report.origin}, {report.n_bytes / 1e6:.1f} MB. Input samples: mono at"
        f" {excerpt.sample_rate:,} Hz, {excerpt.samples_per_excerpt:,} in a row; output vectors: {dim} numbers each.",
        err=True,
    )
