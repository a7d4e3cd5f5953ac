"""Bodies of the customers' door: a customer's NFC cards."""
