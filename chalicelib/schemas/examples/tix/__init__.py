"""The examples of the tix portal."""
