"""A picture file to an upright sRGB photo."""
