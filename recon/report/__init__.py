"""Web pages about depth, each in one file without network or program: pictures with legends, plots, tables."""
