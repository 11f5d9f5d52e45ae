"""recon: one photograph to a metric 3D scene."""

__version__ = "0.1.0"
