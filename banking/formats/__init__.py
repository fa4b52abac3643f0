"""Date formats by language; anything not defined here falls back to Django's own."""
