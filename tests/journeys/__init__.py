"""Journeys of people through a real browser, a chapter of the guide each."""
