"""Measurements beside references: `make bench NAME=…` runs one of these modules and leaves `bench/results/…json`."""
