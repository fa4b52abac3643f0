import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transactions", "0032_days_a_file_states")]

    operations = [
        *(
            migrations.AddField(
                model_name="reviewitem",
                name=name,
                field=models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=django.db.models.deletion.CASCADE,
                    related_name="+",
                    to=f"transactions.{model}",
                ),
            )
            for name, model in (("unlisted", "transaction"), ("unlisted_in", "importbatch"))
        ),
        migrations.AlterField(
            model_name="reviewitem",
            name="status",
            field=models.CharField(
                choices=[
                    ("open", "Open"),
                    ("same", "Same payment"),
                    ("different", "Different payment"),
                    ("kept", "Kept as pending"),
                    ("removed", "Removed"),
                ],
                default="open",
                max_length=9,
            ),
        ),
    ]
