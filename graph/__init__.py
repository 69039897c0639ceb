"""Who likes what with what: the preference graph."""
