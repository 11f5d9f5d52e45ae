"""State to what is drawn."""
