"""The concepts and the names of an index, on disk."""
