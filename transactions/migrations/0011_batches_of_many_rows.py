"""Batches a worker does in many commits."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("transactions", "0010_trash_of_a_person"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            "changebatch",
            "status",
            models.CharField(
                choices=[("running", "At work"), ("done", "Done"), ("undoing", "Being undone")],
                default="done",
                max_length=7,
            ),
        ),
        migrations.AddField("changebatch", "done_count", models.PositiveIntegerField(default=0)),
        migrations.AddField("changebatch", "total_count", models.PositiveIntegerField(default=0)),
        migrations.AddField("changebatch", "cursor", models.BigIntegerField(default=0)),
        migrations.AddField("changebatch", "error", models.CharField(blank=True, max_length=300)),
        migrations.AddField(
            "changebatch",
            "updated_at",
            models.DateTimeField(auto_now=True, default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddIndex(
            "changebatch",
            models.Index(
                condition=models.Q(("status__in", ("running", "undoing"))),
                fields=["updated_at"],
                name="change_batch_unfinished",
            ),
        ),
        migrations.CreateModel(
            name="ChangePlan",
            fields=[
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="plan",
                        serialize=False,
                        to="transactions.changebatch",
                    ),
                ),
                ("wanted", models.JSONField()),
                ("ids", models.JSONField(default=list)),
            ],
        ),
    ]
