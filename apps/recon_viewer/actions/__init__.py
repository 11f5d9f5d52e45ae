"""What a user can do without a dialog, as the controller does it. No widget."""
