"""What a note says of its mentions, after ConText: absent, past, conditional, another's, unsure."""
