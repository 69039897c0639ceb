"""Health of the library: integrity checks, status, and what is out of date."""
