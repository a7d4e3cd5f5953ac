"""Bodies of the staff's portal."""
