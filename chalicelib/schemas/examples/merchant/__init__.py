"""The examples of the merchant portal."""
