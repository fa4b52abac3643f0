"""When an account was archived; for those archived already as the audit trail has it."""

from django.db import migrations, models

_EDITED, _OPENED = "accounts.account.edited", "accounts.account.opened"


def tell_from_the_trail(apps, schema_editor):
    account_model = apps.get_model("accounts", "Account")
    events = apps.get_model("users", "AuditEvent").objects.filter(
        target_type="accounts.account", action__in=[_EDITED, _OPENED]
    )
    for account in account_model.objects.filter(is_active=False).only("pk"):
        told = events.filter(target_id=account.pk).order_by("-id")
        for action, changes, at in told.values_list("action", "changes", "created_at"):
            after = (changes or {}).get("after", {})
            # The last that said so; without any it was opened so.
            if action == _OPENED or after.get("is_active") is False:
                account_model.objects.filter(pk=account.pk).update(archived_at=at)
                break


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_invitations_by_address"),
        ("users", "0004_audit_device"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="archived_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.RunPython(tell_from_the_trail, migrations.RunPython.noop),
    ]
