"""Admin pages of users and their records: mostly read-only; changes go through the services."""

from users.admin.base import ForSupportToo, ReadOnlyAdmin, StaffAdmin, sees_all
from users.admin.filters import MerchantFilter, PickedFilter, SetFilter, TypedFilter, is_id
from users.admin.lists import IN_TRASH, amount, moment, newest_rows, written, yes_or_no
from users.admin.messages import NotificationAdmin
from users.admin.people import UserAdmin
from users.admin.records import AuditEventAdmin
from users.admin.staff_site import sign_in, staff_site, tables_by_subject

__all__ = [
    "IN_TRASH",
    "AuditEventAdmin",
    "ForSupportToo",
    "MerchantFilter",
    "NotificationAdmin",
    "PickedFilter",
    "ReadOnlyAdmin",
    "SetFilter",
    "StaffAdmin",
    "TypedFilter",
    "UserAdmin",
    "amount",
    "is_id",
    "moment",
    "newest_rows",
    "sees_all",
    "sign_in",
    "staff_site",
    "tables_by_subject",
    "written",
    "yes_or_no",
]
