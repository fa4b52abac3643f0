"""A change of many rows is called `Change`; a batch is an import."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("transactions", "0013_batches_that_fail_or_stop"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RenameModel("ChangeBatch", "Change"),
        migrations.RenameModel("ChangeBatchRow", "ChangeRow"),
        migrations.RenameField("ChangePlan", "batch", "change"),
        migrations.RemoveConstraint("ChangeRow", "change_batch_row_unique"),
        migrations.RenameField("ChangeRow", "batch", "change"),
        migrations.AddConstraint(
            "ChangeRow",
            models.UniqueConstraint(fields=["change", "transaction"], name="change_row_unique"),
        ),
        migrations.RenameIndex("Change", "change_by_user", old_name="change_batch_by_user"),
        migrations.RenameIndex("Change", "change_unfinished", old_name="change_batch_unfinished"),
        migrations.AlterModelOptions("Change", {"ordering": ["-id"]}),
        migrations.AlterField(
            "Change",
            "user",
            models.ForeignKey(
                on_delete=models.PROTECT,
                related_name="changes",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
