"""The OMOP standardized vocabularies, as OHDSI's Athena hands them out."""
