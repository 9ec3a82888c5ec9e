"""What identity does, one module a subject; each function works inside the transaction that it is given."""
