"""Fits error models of estimators to photos with ground-truth depth."""
