"""Calibrates relative or metric depth with known measurements: metric depth with confidence intervals."""
