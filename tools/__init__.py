"""Training of the preview model, sample data and benchmarks. Not installed with the package."""
