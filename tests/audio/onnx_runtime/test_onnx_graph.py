"""ONNX files: the same bytes as the package onnx reads and checks, computed by hand."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from earshot.audio.onnx_runtime.onnx_graph import OPSET, Graph
from earshot.audio.onnx_runtime.onnx_session import OnnxNetwork


def scaled() -> Graph:
    graph = Graph("scaled")
    x = graph.input("x", ["batch", 2])
    graph.output("y", graph.add("Mul", x, 3.0), ["batch", 2])
    return graph


def test_a_product_by_hand():
    network = OnnxNetwork(scaled().model({}))
    assert network.input_shapes == {"x": ["batch", 2]}
    np.testing.assert_array_equal(network(np.array([[1, -2]], dtype=np.float32))[0], [[3, -6]])


def test_the_package_onnx_reads_what_was_written():
    graph = Graph("all of it")
    weights = np.arange(-3, 3, dtype=np.float32).reshape(1, 2, 3)
    x = graph.add("Conv", graph.input("sound", [4, 2, "n_frames"]), weights, pads=[200, 0], strides=[3])
    x = graph.add("Elu", x, alpha=0.25)
    graph.output("heard", graph.add("Squeeze", x, np.array([-1])), [4, 1])
    model = onnx.load_model_from_string(graph.model({"source": "ÄÖ", "n": "2"}))
    assert {entry.key: entry.value for entry in model.metadata_props} == {"source": "ÄÖ", "n": "2"}
    assert model.opset_import[0].version == OPSET and model.graph.name == "all of it"
    convolution, elu, squeeze, identity = model.graph.node
    assert [node.op_type for node in model.graph.node] == ["Conv", "Elu", "Squeeze", "Identity"]
    attributes = {a.name: onnx.helper.get_attribute_value(a) for node in (convolution, elu) for a in node.attribute}
    assert attributes == {"pads": [200, 0], "strides": [3], "alpha": 0.25}
    assert squeeze.input[0] == elu.output[0] and identity.output[0] == "heard"
    arrays = [numpy_helper.to_array(constant) for constant in model.graph.initializer]
    np.testing.assert_array_equal(arrays[0], weights)
    np.testing.assert_array_equal(arrays[1], [-1])
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert [axis.dim_value or axis.dim_param for axis in shape] == [4, 2, "n_frames"]


def test_the_package_onnx_finds_no_fault():
    onnx.checker.check_model(scaled().model({"a": "b"}), full_check=True)


def test_an_array_of_another_type_is_refused():
    with pytest.raises(KeyError, match="float64"):
        Graph("g").add("Neg", np.zeros(3))
