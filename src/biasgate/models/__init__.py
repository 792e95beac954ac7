"""Declared architectures, cards, safe reading of weights, ONNX export, a sandboxed runner."""
