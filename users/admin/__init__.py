"""The admin site's share of people: looked at here, changed through the services."""

from users.admin.base import ForSupportToo, ReadOnlyAdmin, sees_all
from users.admin.messages import NotificationAdmin
from users.admin.people import UserAdmin
from users.admin.records import AuditEventAdmin
from users.admin.site import sign_in

__all__ = [
    "AuditEventAdmin",
    "ForSupportToo",
    "NotificationAdmin",
    "ReadOnlyAdmin",
    "UserAdmin",
    "sees_all",
    "sign_in",
]
