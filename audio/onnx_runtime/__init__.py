"""Networks without torch: their graphs written as ONNX, and run by ONNX Runtime."""
