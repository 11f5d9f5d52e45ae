"""Turns the state into what is drawn."""
