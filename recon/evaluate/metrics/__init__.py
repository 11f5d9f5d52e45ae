"""The field's measures of how good depth is."""
