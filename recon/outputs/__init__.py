"""The output files of a scene: selected by suffix, checked before the slow work, written and reported after it."""
