"""The queries of identity, one module a subject; nobody here commits."""
