"""Pages of accounts, of currency, of sharing."""
