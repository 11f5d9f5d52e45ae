"""The networks in plain torch, for inference only; without the import time of transformers."""
