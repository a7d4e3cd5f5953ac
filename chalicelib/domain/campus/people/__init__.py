"""People of a campus: accounts, roles, log-ins, campuses."""
