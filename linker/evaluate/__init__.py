"""Gold corpora, protocols, metrics and the report of errors."""
