"""The encoder in a file for other programs: the vectors of the library, by ONNX Runtime alone."""

import json

import numpy as np
import onnxruntime
import pytest

from earshot.audio.checkpoint import default_checkpoint
from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.decode import decode_track
from earshot.audio.ear import track_vector
from earshot.index.library import Library
from earshot.index.runs import current_fingerprint
from earshot.index.vectors.spaces import AUDIO, read_vector
from earshot.stages.exports.export_encoder import export_encoder


@pytest.fixture
def library(heard_library):
    with Library.open(heard_library) as library:
        yield library


def test_another_program_computes_the_vectors_of_the_library(library, tmp_path):
    path = tmp_path / "ear.onnx"
    report = export_encoder(library, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    facts = session.get_modelmeta().custom_metadata_map
    assert facts["fingerprint"] == report.fingerprint == current_fingerprint(library)
    row_id, track = library.db.execute("SELECT id, path FROM tracks WHERE status = 'embedded' LIMIT 1").fetchone()
    excerpts = decode_track(track, ExcerptConfig(**json.loads(facts["config"])["excerpt"])).excerpts
    vectors = [session.run(["vectors"], {"samples": excerpt[None]})[0][0] for excerpt in excerpts]
    expected = read_vector(library, AUDIO, row_id)
    np.testing.assert_allclose(track_vector(np.stack(vectors)), expected, atol=1e-5)
    assert report.n_bytes == path.stat().st_size


def test_without_a_library_it_is_the_packaged_one(tmp_path):
    report = export_encoder(None, tmp_path / "ear.onnx")
    assert report.fingerprint == default_checkpoint().fingerprint and report.origin == "packaged default weights"
