"""Private servers without containers: how each is prepared, started, probed and stopped."""
