"""Units of length."""

from typing import Literal

Unit = Literal["m", "cm", "mm", "ft", "in"]
METRES: dict[Unit, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254}
"""Length of each unit, m."""
