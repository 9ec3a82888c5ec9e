"""Queries of the service. Reads for an employer take its SIRET first; row-level security stands behind them."""
