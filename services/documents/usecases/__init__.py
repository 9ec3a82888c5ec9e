"""What the service does; the caller's one transaction is around each function that takes a connection."""
