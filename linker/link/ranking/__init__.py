"""Which of the concepts that were proposed is meant, and how sure that is."""
