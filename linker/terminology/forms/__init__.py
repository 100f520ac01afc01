"""Forms that people write, derived from the names as terminologies write them."""
