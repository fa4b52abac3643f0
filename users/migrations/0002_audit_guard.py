from django.db import migrations


class Migration(migrations.Migration):
    """Here the triggers came first; 0004 puts them in place now, over the columns there are."""

    dependencies = [("users", "0001_initial")]
    operations = []
