"""Names offered while somebody types a merchant or a tag."""

from django.http import JsonResponse
from django.views.decorators.http import require_safe

from transactions.merchant_names import merchants_named, plain, tags_named
from users.signed_in import UserRequest

MOST = 8
LONGEST = 100


@require_safe
def merchant_names(request: UserRequest) -> JsonResponse:
    return _offer(merchants_named(request.user, _part(request)))


@require_safe
def tag_names(request: UserRequest) -> JsonResponse:
    return _offer(tags_named(request.user, _part(request)))


def _part(request: UserRequest) -> str:
    return plain(request.GET.get("q", "")[:LONGEST])


def _offer(names: list[str]) -> JsonResponse:
    return JsonResponse({"names": names[:MOST]})
