"""Flavours of MLflow that become ONNX: one file each, found by looking."""
