"""A service without business, so that the chassis is tried as a process of its own."""
