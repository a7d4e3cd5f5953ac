"""The JSON of the merchants' portal."""
