from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transactions", "0031_by_date")]

    operations = [
        migrations.AddField(
            model_name="importbatch",
            name=name,
            field=models.DateField(blank=True, null=True),
        )
        for name in ("states_from", "states_to", "closing_on")
    ]
