"""Pages for accounts, currency and sharing."""
