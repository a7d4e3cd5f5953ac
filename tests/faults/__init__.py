"""What goes wrong between the platform and its table, and what must hold all the same."""
