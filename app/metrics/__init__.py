"""What processes count of themselves, added up over all of them, and written as Prometheus reads it."""
