"""Explain in sentences what was learned from a person's choices."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from banking.limits import LEARNED_SHOWN
from transactions.models import Category, Transaction
from transactions.rules.learning import BY_ACCOUNT, BY_AMOUNT, BY_WEEKDAY, Habit, Learned
from transactions.rules.suggestions import suggester_for
from users.models import User


@dataclass(frozen=True, slots=True)
class LearnedCategory:
    """A category learned from a person's choices at one merchant."""

    habit: Habit
    category: Category
    learned: Learned
    reason: str

    @property
    def merchant(self) -> str:
        return self.habit.title

    @property
    def txn_type(self) -> str:
        is_inflow = self.habit.payee.is_inflow
        return Transaction.Type.INCOME if is_inflow else Transaction.Type.EXPENSE


def learned_categories(user: User) -> list[LearnedCategory]:
    """What the person's choices teach, most frequent first, up to LEARNED_SHOWN."""
    categories = {category.pk: category for category in Category.objects.visible_to(user)}
    found = [
        LearnedCategory(habit, category, learned, because(learned, habit.title, category.name))
        for habit in suggester_for(user.pk).habits
        for learned in habit.outcomes()
        if (category := categories.get(learned.category_id))
    ]
    found.sort(
        key=lambda learned: (-len(learned.habit.choices), learned.merchant, learned.category.name)
    )
    return found[:LEARNED_SHOWN]


def because(learned: Learned, merchant: str, category: str) -> str:
    """For example: Because you filed 9 of the last 10 at Kern Bakery as Groceries."""
    words = {"merchant": merchant, "category": category, "of": learned.counted}
    if learned.chosen == 1:
        return _("Because you filed %(merchant)s as %(category)s.") % words
    if learned.chosen < learned.counted:
        sentence = _(
            "Because you filed %(count)s of the last %(of)s at %(merchant)s as %(category)s."
        )
        return sentence % (words | {"count": learned.chosen})
    sentences = {
        BY_ACCOUNT: _(
            "Because you filed all %(of)s at %(merchant)s in this account as %(category)s."
        ),
        BY_AMOUNT: _(
            "Because you filed all %(of)s of similar amounts at %(merchant)s as %(category)s."
        ),
        BY_WEEKDAY: _(
            "Because you filed all %(of)s on this day of the week at %(merchant)s as %(category)s."
        ),
    }
    otherwise = _("Because you filed the last %(of)s at %(merchant)s as %(category)s.")
    return sentences.get(learned.why, otherwise) % words


def why_learned(row: Transaction) -> str:
    """Why this row has its learned category; "" if it wasn't learned or no longer would be."""
    if row.category_source != Transaction.CategorySource.LEARNED or row.category is None:
        return ""
    habit = suggester_for(row.user_id).habit_at(
        row.merchant, row.description, is_inflow=row.signed_amount > 0
    )
    learned = habit and habit.learned_for(row.account_id, row.amount, row.txn_date)
    if habit is None or not learned or learned.category_id != row.category_id:
        return ""
    return because(learned, habit.title, row.category.name)
