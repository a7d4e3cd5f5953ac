"""Bodies of the merchants' portal."""
