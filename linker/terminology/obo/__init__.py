"""Ontologies: OBO, OBO graphs, OWL."""
