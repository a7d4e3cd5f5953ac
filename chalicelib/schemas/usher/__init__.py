"""Bodies of the ushers' portal."""
