"""ONNX files, written without the package onnx: a graph of operators, and its weights, as protobuf."""

import struct
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

OPSET = 17
_IR_VERSION = 8  # the first with this set of operators
_ELEMENT_TYPES = {np.dtype(np.float32): 1, np.dtype(np.int64): 7}
Axis = int | str  # a size, or the name of one that is free
Attribute = int | float | Sequence[int]


class Graph:
    """A graph in the making: each operator returns the name of its output; numbers and arrays are constants.

    graph = Graph("scaled")
    x = graph.input("x", ["batch", 2])
    graph.output("y", graph.add("Mul", x, 3.0), ["batch", 2])
    Path("scaled.onnx").write_bytes(graph.model({"source": "an example"}))
    """

    def __init__(self, name: str) -> None:
        self._name, self._n_values = name, 0
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []

    def input(self, name: str, shape: Sequence[Axis]) -> str:
        """Declare a float32 input."""
        self._inputs.append(_value_info(name, shape))
        return name

    def add(self, operator: str, *inputs: str | float | np.ndarray, **attributes: Attribute) -> str:
        """Append an operator with one output. Numbers become float32; arrays are float32 or int64."""
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        self._nodes.append(_node(operator, names, output := self._new_name(operator.lower()), attributes))
        return output

    def output(self, name: str, value: str, shape: Sequence[Axis]) -> None:
        """Declare a float32 output: a value that `add` returned."""
        self._nodes.append(_node("Identity", [value], name, {}))
        self._outputs.append(_value_info(name, shape))

    def model(self, metadata: Mapping[str, str]) -> bytes:
        """Return the content of a file; the metadata are for people and programs that ask for them."""
        nodes, constants, inputs, outputs = (
            b"".join(_bytes(number, part) for part in parts)
            for number, parts in ((1, self._nodes), (5, self._constants), (11, self._inputs), (12, self._outputs))
        )
        graph = nodes + _text(2, self._name) + constants + inputs + outputs
        entries = (_bytes(14, _text(1, key) + _text(2, value)) for key, value in metadata.items())
        operators = _bytes(8, _text(1, "") + _integer(2, OPSET))
        return _integer(1, _IR_VERSION) + _text(2, "earshot") + _bytes(7, graph) + operators + b"".join(entries)

    def _constant(self, value: float | np.ndarray) -> str:
        array = value if isinstance(value, np.ndarray) else np.array(value, dtype=np.float32)
        name = self._new_name("constant")
        content = array.astype(array.dtype.newbyteorder("<")).tobytes()
        dims = b"".join(_integer(1, size) for size in array.shape)
        self._constants.append(dims + _integer(2, _ELEMENT_TYPES[array.dtype]) + _text(8, name) + _bytes(9, content))
        return name

    def _new_name(self, stem: str) -> str:
        self._n_values += 1
        return f"{stem}_{self._n_values}"


def _node(operator: str, inputs: Sequence[str], output: str, attributes: Mapping[str, Attribute]) -> bytes:
    names = b"".join(_text(1, name) for name in inputs) + _text(2, output)
    return names + _text(4, operator) + b"".join(_bytes(5, _attribute(*item)) for item in attributes.items())


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _integer(3, value) + _integer(20, 2)
    if isinstance(value, float):
        return _text(1, name) + _key(2, 5) + struct.pack("<f", value) + _integer(20, 1)
    return _text(1, name) + b"".join(_integer(8, one) for one in value) + _integer(20, 7)


def _value_info(name: str, shape: Sequence[Axis]) -> bytes:
    """A name, and the type of a float32 tensor of this shape."""
    axes = (_text(2, axis) if isinstance(axis, str) else _integer(1, axis) for axis in shape)
    tensor = _integer(1, 1) + _bytes(2, b"".join(_bytes(1, axis) for axis in axes))
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def _key(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _integer(number: int, value: int) -> bytes:
    return _key(number, 0) + _varint(value % 2**64)  # a negative one as its two's complement


def _text(number: int, text: str) -> bytes:
    return _bytes(number, text.encode())


def _bytes(number: int, content: bytes) -> bytes:
    return _key(number, 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    return bytes(_septets(value))


def _septets(value: int) -> Iterator[int]:
    """Yield seven bits at a time, the lowest first, all but the last with the eighth bit set."""
    while value > 0x7F:
        yield value & 0x7F | 0x80
        value >>= 7
    yield value
