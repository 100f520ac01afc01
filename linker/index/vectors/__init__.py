"""The vectors of an index, on disk, and the search among them."""
