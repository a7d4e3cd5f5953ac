"""The JSON of the organizers' portal."""
