"""Only people the owner invited, and who accepted, can see an account."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import Account, AccountShare, ExchangeRate
from accounts.services import store_rates
from accounts.sharing import accept_share, share_account
from users.models import User

pytestmark = pytest.mark.django_db


def sees(user: User, account: Account) -> bool:
    fresh = User.objects.get(pk=user.pk)
    return Account.objects.visible_to(fresh).filter(pk=account.pk).exists()


def test_invitation_shows_nothing_until_accepted(alice, bob, checking):
    share = share_account(actor=alice, account=checking, member=bob, level="viewer")
    assert not sees(bob, checking)
    accept_share(actor=bob, share=share)
    assert sees(bob, checking)


def test_people_can_share_only_their_own_accounts(alice, bob, checking):
    with pytest.raises(ValidationError, match="only share your own"):
        share_account(actor=bob, account=checking, member=bob, level="viewer")
    assert not AccountShare.objects.exists()


@pytest.mark.parametrize("level", ["owner", "admin", ""])
def test_share_levels_are_viewer_and_analyst(alice, bob, checking, level):
    with pytest.raises(ValidationError):
        share_account(actor=alice, account=checking, member=bob, level=level)
    assert not AccountShare.objects.exists()


def test_people_cannot_share_with_themselves(alice, checking):
    with pytest.raises(ValidationError):
        share_account(actor=alice, account=checking, member=alice, level="viewer")
    assert not AccountShare.objects.exists()


def test_invitation_cannot_be_accepted_by_others_or_after_it_was_revoked(alice, bob, checking):
    share = share_account(actor=alice, account=checking, member=bob, level="viewer")
    with pytest.raises(PermissionDenied, match="someone else"):
        accept_share(actor=alice, share=share)
    AccountShare.objects.update(status="revoked")
    with pytest.raises(ValidationError, match="no longer valid"):
        accept_share(actor=bob, share=share)
    assert not sees(bob, checking)


def test_inviting_again_changes_the_level_and_keeps_one_share(alice, bob, checking):
    share = share_account(actor=alice, account=checking, member=bob, level="viewer")
    accept_share(actor=bob, share=share)
    share_account(actor=alice, account=checking, member=bob, level="analyst")
    [kept] = AccountShare.objects.all()
    assert (kept.level, kept.status) == ("analyst", "accepted")


def test_first_stored_rate_for_a_date_stays(db):
    def rate_at(rate: str) -> ExchangeRate:
        day = date(2026, 3, 13)
        return ExchangeRate(base="EUR", quote="USD", rate=rate, rate_on=day, source="test")

    assert store_rates(actor=None, rates=[rate_at("1.10")]) == 1
    assert store_rates(actor=None, rates=[rate_at("1.20")]) == 0
    assert ExchangeRate.objects.get().rate == "1.10"
