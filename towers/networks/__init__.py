"""Networks of the query and item towers, and their input features."""
