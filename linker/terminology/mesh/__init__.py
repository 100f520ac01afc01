"""MeSH, as the NLM releases it."""
