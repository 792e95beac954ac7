"""ONNX graphs: opened, read, written and cut without running them."""
