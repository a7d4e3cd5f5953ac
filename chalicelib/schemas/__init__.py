"""The JSON contract: the requests and answers of each portal."""
