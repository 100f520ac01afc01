"""SNOMED CT, as its release centres give it."""
