"""Depth networks as ONNX files: writing them with torch, and running them with onnxruntime alone."""
