"""Our PostgreSQL backend: Django's, for servers that freeze and poolers that share connections."""
