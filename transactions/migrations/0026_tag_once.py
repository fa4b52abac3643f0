"""One tag of a name, after the merge has been committed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transactions", "0025_search_without_accents")]

    operations = [
        migrations.RemoveConstraint(model_name="tag", name="tag_unique"),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(fields=("user", "name_key"), name="tag_once"),
        ),
    ]
