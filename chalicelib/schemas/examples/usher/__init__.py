"""The examples of the ushers' portal."""
