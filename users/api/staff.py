"""Staff endpoints: users, their messages, the audit trail. Each role sees its own part."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction as db_transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import status
from rest_framework.permissions import BasePermission
from rest_framework.response import Response

from banking.kernel.api_input import ApiView, GenericApiView, operation
from banking.kernel.django_private import django_request
from users import limits
from users.api.idempotency import idempotent
from users.api.staff_serializers import (
    AuditEventOut,
    MaskedUserOut,
    PersonChangeIn,
    PersonIn,
    ReceiptOut,
    StaffUserOut,
    VerificationOut,
)
from users.api.step_up import STEP_UP, require_staff_step_up
from users.audit.audit_anchor import verify_against_anchor
from users.filters import AuditFilter, PersonFilter, ReceiptFilter
from users.messages.confirmation_mail import send_welcome
from users.models import AuditEvent, Notification, User
from users.policy import CUSTOMERS, Ability, may, require
from users.services.staffing import (
    change_person,
    create_person,
    gives_or_takes_rights,
    messages_for,
    resend_message,
    unlock_sign_in,
    with_locks,
)
from users.services.verification import set_verification
from users.signed_in import UserApiRequest
from users.staff_door import problem_at_staff_door

_SHAPES: dict[str, Any] = {
    "serializers": [StaffUserOut, MaskedUserOut],
    "resource_type_field_name": None,
}
_PERSON = PolymorphicProxySerializer("StaffUser", many=False, **_SHAPES)
_PEOPLE = PolymorphicProxySerializer("StaffUser", many=True, **_SHAPES)


class Needs(BasePermission):
    """Requires the ability in the view's `reading` for safe methods, in `writing` for others."""

    def has_permission(self, request: Any, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False  # Anonymous: DRF responds with 401.
        is_reading = request.method in ("GET", "HEAD", "OPTIONS")
        require(request.user, view.reading if is_reading else view.writing)
        if problem := problem_at_staff_door(request, request.user):
            raise PermissionDenied(problem)
        return True


class StaffApi(GenericApiView):
    """Base of the staff views."""

    permission_classes = [Needs]
    reading = Ability.USE_STAFF_API
    writing = Ability.MANAGE_USERS


class PeopleApi(StaffApi):
    """Support sees customers, masked; auditors and admins see everyone."""

    def get_queryset(self) -> QuerySet[User]:
        people = with_locks(User.objects.order_by("-id"), timezone.now())
        if may(self.request.user, Ability.READ_EVERYTHING):
            return people
        return people.filter(role__in=CUSTOMERS)

    def get_serializer_class(self) -> type:
        sees_all = may(self.request.user, Ability.READ_EVERYTHING)
        return StaffUserOut if sees_all else MaskedUserOut

    def find(self, pk: int) -> User:
        return get_object_or_404(self.get_queryset(), pk=pk)

    def show(self, pk: int) -> dict[str, Any]:
        return self.get_serializer(self.find(pk)).data


class StaffUserListApi(PeopleApi):
    filterset_class = PersonFilter

    @operation(operation_id="admin_users_list", responses=_PEOPLE)
    def get(self, request: UserApiRequest) -> Response:
        """List users. Support gets `id`, `email`, `name`, `phone` (masked) and whether they are
        locked.
        """
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @operation(request=PersonIn, parameters=[STEP_UP], responses={201: StaffUserOut})
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Create a user, who gets a mail to set a password.

        Creating staff requires a recent sign-in or `X-Step-Up`.
        """
        data = PersonIn(data=request.data)
        data.is_valid(raise_exception=True)
        if gives_or_takes_rights(None, data.validated_data):
            require_staff_step_up(request)
        user = create_person(actor=request.user, **data.validated_data)
        send_welcome(django_request(request), user)
        return Response(self.show(user.pk), status=status.HTTP_201_CREATED)


class StaffUserDetailApi(PeopleApi):
    @operation(operation_id="admin_users_retrieve", responses=_PERSON)
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Get one user."""
        return Response(self.show(pk))

    @operation(request=PersonChangeIn, parameters=[STEP_UP], responses=StaffUserOut)
    def patch(self, request: UserApiRequest, pk: int) -> Response:
        """Change another user's role, active status, identity check, name or phone.

        A new role or status ends their sessions and tokens at once. It requires a sign-in within
        the last 15 minutes or `X-Step-Up`. An identity check is decided with a `reason`, which the
        customer gets by mail. You can't change your own.
        """
        user = self.find(pk)
        data = PersonChangeIn(data=request.data)
        data.is_valid(raise_exception=True)
        if gives_or_takes_rights(user, data.validated_data):
            require_staff_step_up(request)
        with db_transaction.atomic():
            _change(request.user, user, data.validated_data)
        return Response(self.show(pk))


def _change(actor: User, user: User, changes: dict[str, Any]) -> None:
    decision = {name: changes.pop(name) for name in ("kyc_status", "reason") if name in changes}
    change_person(actor=actor, user=user, **changes)
    if decision:
        set_verification(actor=actor, user=user, at=timezone.now(), **decision)


class StaffUserUnlockApi(PeopleApi):
    writing = Ability.HELP_PEOPLE

    @operation(request=None, responses=_PERSON)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Reset the count of wrong passwords for this user."""
        unlock_sign_in(actor=request.user, user=self.find(pk))
        return Response(self.show(pk))


class ReceiptApi(StaffApi):
    serializer_class = ReceiptOut
    writing = Ability.HELP_PEOPLE

    def get_queryset(self) -> QuerySet[Notification]:
        return messages_for(self.request.user).select_related("recipient").order_by("-id")


class ReceiptListApi(ReceiptApi):
    filterset_class = ReceiptFilter

    @operation(operation_id="admin_notifications_list", responses=ReceiptOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List messages sent to users, with channel and delivery status."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ReceiptSendAgainApi(ReceiptApi):
    @operation(request=None, responses=ReceiptOut)
    @idempotent
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Send a message again if it failed or may not have been sent."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        sent = resend_message(actor=request.user, notification=row, at=timezone.now())
        return Response(self.get_serializer(sent).data)


class AuditLogApi(StaffApi):
    serializer_class = AuditEventOut
    filterset_class = AuditFilter
    reading = Ability.READ_EVERYTHING

    def get_queryset(self) -> QuerySet[AuditEvent]:
        return AuditEvent.objects.select_related("actor", "chain").order_by("-id")

    @operation(operation_id="admin_audit_log", responses=AuditEventOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """The audit trail, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class AuditVerifyApi(ApiView):
    permission_classes = [Needs]
    reading = Ability.READ_EVERYTHING
    writing = Ability.MANAGE_USERS

    @operation(operation_id="admin_audit_log_verify", responses=VerificationOut)
    def get(self, request: UserApiRequest) -> Response:
        """Verify every audit chain against the heads stored outside the database."""
        limits.consume("audit-verification", str(request.user.pk))
        return Response(VerificationOut(verify_against_anchor()).data)
