"""Panoramas of generated scenes with true range, and what recon makes of them."""
