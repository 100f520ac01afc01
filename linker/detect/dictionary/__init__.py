"""The dictionary matcher: where a note spells out a name of the index, in whatever wording."""
