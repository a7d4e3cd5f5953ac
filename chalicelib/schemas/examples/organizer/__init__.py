"""The examples of the organizer portal."""
