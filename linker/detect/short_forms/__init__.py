"""Short forms and what they stand for: the note's own definitions first, then clinical usage."""
