"""ONNX Runtime: outputs by hand, and refusals as sentences."""

import numpy as np
import pytest

from earshot.audio.onnx_runtime.onnx_session import OnnxNetwork

# y = x @ w, x of shape (batch, 2), w = [[0, 1, 2], [3, 4, 5]]: protobuf of opset 17, as `onnx.helper` writes it.
PRODUCT = (
    b'\x08\x08:o\n\x11\n\x01x\n\x01w\x12\x01y"\x06MatMul\x12\x01g*#\x08\x02\x08\x03\x10\x01B\x01wJ\x18'
    + np.arange(6, dtype="<f4").tobytes()
    + b"Z\x18\n\x01x\x12\x13\n\x11\x08\x01\x12\r\n\x07\x12\x05batch\n\x02\x08\x02"
    b"b\x18\n\x01y\x12\x13\n\x11\x08\x01\x12\r\n\x07\x12\x05batch\n\x02\x08\x03B\x04\n\x00\x10\x11"
)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_product_by_hand(n_threads):
    network = OnnxNetwork(PRODUCT, n_threads)
    assert network.input_shapes == {"x": ["batch", 2]}
    # (1, 2) @ w = (0 + 6, 1 + 8, 2 + 10)
    (product,) = network(np.array([[1, 2], [0, 0]], dtype=np.float32))
    np.testing.assert_array_equal(product, [[6, 9, 12], [0, 0, 0]])


@pytest.mark.parametrize("model", [b"", b"music", PRODUCT[:60]], ids=["nothing", "other", "cut"])
def test_what_is_no_network_is_refused_in_a_sentence(model, capfd):
    with pytest.raises(ValueError, match="it is no network that ONNX Runtime can load: "):
        OnnxNetwork(model)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("value", "told"),
    [(np.zeros((1, 2)), r"tensor\(double\)"), (np.zeros((1, 3), dtype=np.float32), "Got: 3 Expected: 2")],
    ids=["type", "shape"],
)
def test_an_input_that_does_not_fit_is_refused_in_a_sentence(value, told, capfd):
    with pytest.raises(ValueError, match=f"(?s)the network refuses its input: .*{told}"):
        OnnxNetwork(PRODUCT)(value)
    assert capfd.readouterr() == ("", "")
