"""What the service does. Each use case runs inside the caller's transaction and imports no adapter."""
