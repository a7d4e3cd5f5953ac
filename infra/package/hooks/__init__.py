"""Functions that are deployed as they are, without the platform's code: their sources are part of the template."""
