"""Runs networks: device, precision, memory."""
