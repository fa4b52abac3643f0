"""Questions and commands in plain words: what the command palette and the search page answer."""
