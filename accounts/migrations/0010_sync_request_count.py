from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_rate_months"),
    ]

    operations = [
        migrations.AddField(
            model_name="syncrun",
            name="request_count",
            field=models.PositiveIntegerField(default=0, verbose_name="requests"),
        ),
    ]
