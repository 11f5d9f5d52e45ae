"""``recon serve``: an HTTP service that turns uploaded photos into scenes, and its web page."""
