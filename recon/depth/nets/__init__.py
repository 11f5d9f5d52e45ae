"""The networks themselves, for inference only: torch, and none of transformers' import time."""
