from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_sync_trigger_wording")]

    operations = [
        migrations.CreateModel(
            name="RateMonth",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(unique=True)),
                ("version", models.IntegerField(default=0)),
            ],
            options={"ordering": ["-month"]},
        ),
    ]
