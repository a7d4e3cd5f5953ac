"""Bodies of the customers' web app, one file per part of it."""
