"""Tells Django's permission checks what a role may see in the admin site."""

from typing import Any

from django.contrib.auth.backends import BaseBackend

from users.models import User
from users.policy import Ability, may


class RolePermissions(BaseBackend):
    """Full readers get every model's "view" permission; admins are superusers anyway."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return _reads_everything(user_obj) and perm.partition(".")[2].startswith("view_")

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return _reads_everything(user_obj)


def _reads_everything(user: Any) -> bool:
    return isinstance(user, User) and may(user, Ability.READ_EVERYTHING)
