"""The business: one module per noun, its verbs inside."""
