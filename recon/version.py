"""The version of this package."""

__version__ = "0.2.0"
GENERATOR = f"recon {__version__}"
"""What files say of the program that wrote them."""
