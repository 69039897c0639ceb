"""Reports, errors and parts of a library that several stages share."""
