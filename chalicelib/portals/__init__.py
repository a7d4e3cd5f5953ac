"""The HTTP doors, one per audience."""
