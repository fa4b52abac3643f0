"""JSON serializers for staff: users, messages and the audit trail."""

from typing import Any

from rest_framework import serializers

from banking.kernel.api_fields import CurrencyCodeField
from banking.kernel.api_input import Input
from users.api.serializers import PhoneField
from users.masking import masked_email, masked_name, masked_phone, masked_text
from users.models import AuditEvent, Notification, User
from users.services.verification import DECISIONS, LONGEST_REASON


class StaffUserOut(serializers.ModelSerializer):
    """A user, as auditors and admins see one."""

    timezone = serializers.CharField(read_only=True)
    is_locked = serializers.BooleanField(
        help_text="Locked by wrong passwords in the last 15 minutes."
    )

    class Meta:
        model = User
        fields = [
            "id", "email", "name", "phone", "kyc_status", "role", "is_active", "is_locked",
            "base_currency", "timezone", "locale", "last_login", "created_at", "updated_at",
        ]  # fmt: skip


class MaskedUserOut(serializers.ModelSerializer):
    """A user, as support sees one: masked, but recognizable."""

    email = serializers.SerializerMethodField()
    name = serializers.SerializerMethodField()
    phone = serializers.SerializerMethodField()
    is_locked = serializers.BooleanField(
        help_text="Locked by wrong passwords in the last 15 minutes."
    )

    class Meta:
        model = User
        fields = ["id", "email", "name", "phone", "is_active", "is_locked"]

    def get_email(self, user: User) -> str:
        return masked_email(user.email)

    def get_name(self, user: User) -> str:
        return masked_name(user.name)

    def get_phone(self, user: User) -> str:
        return masked_phone(user.phone)


class PersonIn(Input):
    """Fields of a new user, who sets the password."""

    name = serializers.CharField(max_length=150)
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=User.Role.choices, required=False)
    phone = PhoneField()
    base_currency = CurrencyCodeField(required=False, allow_blank=True)
    is_active = serializers.BooleanField(required=False)


class PersonChangeIn(Input):
    """Fields an admin can change of another user."""

    role = serializers.ChoiceField(choices=User.Role.choices, required=False)
    is_active = serializers.BooleanField(required=False)
    kyc_status = serializers.ChoiceField(
        choices=DECISIONS,
        required=False,
        help_text="Decides an open identity check, or revokes a verification.",
    )
    reason = serializers.CharField(
        max_length=LONGEST_REASON,
        required=False,
        help_text="Required with `kyc_status`. The customer gets it by mail.",
    )
    name = serializers.CharField(max_length=150, required=False)
    phone = PhoneField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("reason" in attrs) != ("kyc_status" in attrs):
            raise serializers.ValidationError({"reason": "kyc_status and reason go together."})
        return attrs


class ReceiptOut(serializers.ModelSerializer):
    """One message through one channel and its delivery status, without its content."""

    recipient = serializers.SerializerMethodField(help_text="Masked.")
    user = serializers.IntegerField(source="recipient_id")
    provider_answer = serializers.SerializerMethodField()

    class Meta:
        model = Notification
        fields = [
            "id", "user", "recipient", "kind", "channel", "status", "attempts", "due_at",
            "finished_at", "provider_answer", "created_at",
        ]  # fmt: skip

    def get_recipient(self, row: Notification) -> str:
        return masked_email(row.recipient.email)

    def get_provider_answer(self, row: Notification) -> str:
        return masked_text(row.provider_answer)


class AuditEventOut(serializers.ModelSerializer):
    """One event in an audit chain."""

    actor_email = serializers.CharField(source="actor.email", default=None)
    chain = serializers.CharField(source="chain.name")
    changes = serializers.JSONField()

    class Meta:
        model = AuditEvent
        fields = [
            "id", "chain", "sequence", "actor", "actor_email", "action", "target_type",
            "target_id", "changes", "ip", "device", "request_id", "created_at",
            "previous_hash", "hash",
        ]  # fmt: skip


class FaultOut(serializers.Serializer):
    """The first bad row of a chain."""

    chain = serializers.CharField()
    sequence = serializers.IntegerField()
    event = serializers.IntegerField(allow_null=True)
    problem = serializers.CharField()


class VerificationOut(serializers.Serializer):
    """The result of verifying every audit chain."""

    intact = serializers.BooleanField()
    chains = serializers.IntegerField()
    events = serializers.IntegerField()
    anchored = serializers.BooleanField(help_text="Compared with heads kept outside the database.")
    problems = FaultOut(many=True)
