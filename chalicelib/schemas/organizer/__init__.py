"""Bodies of the organizers' portal."""
