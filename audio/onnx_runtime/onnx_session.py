"""Sessions of ONNX Runtime: networks from files that hold a graph and weights, and cannot run code."""

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as errors

_REFUSALS = (
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NotImplemented,
    errors.RuntimeException,
)


class OnnxNetwork:
    """A network on the CPU, for one process: a fork or a pickle of it is of no use.

    network = OnnxNetwork(path.read_bytes())
    vectors, tags = network(log_mels)       # the outputs in the order of the graph
    """

    def __init__(self, model: bytes, n_threads: int = 1) -> None:
        """Load a graph with its weights.

        Parameters
        ----------
        model : content of an .onnx file
        n_threads : that compute one call; while decoding processes work beside it, one leaves them the cores

        Raises
        ------
        ValueError
            The bytes are no graph that the installed ONNX Runtime understands.
        """
        onnxruntime.disable_telemetry_events()  # official builds for Windows send some
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads leave their core
        options.log_severity_level = 4  # errors are raised; the same words on stderr would be a second message
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except _REFUSALS as error:
            raise ValueError(f"it is no network that ONNX Runtime can load: {str(error)[:300]}") from None
        self.input_shapes = {put.name: put.shape for put in self._session.get_inputs()}  # sizes, or names of free axes

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        """Compute the outputs of the graph, in its order, of its inputs, in its order.

        Raises
        ------
        ValueError
            The inputs are of another number, type or shape than the graph says.
        """
        try:
            return self._session.run(None, dict(zip(self.input_shapes, inputs, strict=True)))
        except _REFUSALS as error:
            raise ValueError(f"the network refuses its input: {str(error)[:300]}") from None
