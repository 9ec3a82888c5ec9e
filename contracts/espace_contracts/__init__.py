"""What crosses the bus of the Espace Employeur: events, requests, answers and refusals.

The only dependency is pydantic, so that another team can install this without the rest.
"""
