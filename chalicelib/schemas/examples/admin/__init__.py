"""The examples of the staff's portal."""
