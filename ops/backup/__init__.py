"""Backup and restore of what the portal keeps: three databases and two buckets (R21)."""
