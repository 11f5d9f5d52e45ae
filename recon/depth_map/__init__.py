"""Files of depth maps: read, written, coloured."""
