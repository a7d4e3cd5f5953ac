"""The examples of the webapp portal."""
