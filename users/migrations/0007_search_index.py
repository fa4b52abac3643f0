"""A trigram index for parts of names, emails and phone numbers, where PostgreSQL may have one.

Creating an extension takes a right that not every installation gives. Without it the search reads
every row; `manage.py check_engine` says so, and how to add the index later.
"""

from django.db import DatabaseError, migrations, transaction

INDEX = (
    "CREATE INDEX IF NOT EXISTS user_search_trigram"
    " ON users_user USING gin (search_text gin_trgm_ops)"
)


def add_index(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(INDEX)
    except DatabaseError:
        return  # The search works without it.


def remove_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("DROP INDEX IF EXISTS user_search_trigram")


class Migration(migrations.Migration):
    dependencies = [("users", "0006_search_text")]

    operations = [migrations.RunPython(add_index, remove_index)]
