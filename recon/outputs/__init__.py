"""The files of one scene: what a name asks for, checked before the long work, written and reported after it."""
