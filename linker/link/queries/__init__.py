"""What a query is looked up as, where it is no name: a symbol, a short form, another wording."""
