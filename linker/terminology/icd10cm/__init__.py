"""ICD-10-CM, as the CDC releases it."""
