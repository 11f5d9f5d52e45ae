"""The preview network: our own scenes, renderer, training and evaluation (see MODEL_CARD.md)."""
