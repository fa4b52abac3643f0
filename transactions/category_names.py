"""Find categories by slug or name, as files spell them; names ignore case."""

from collections.abc import Iterable

from transactions.models import Category


class CategoryNames:
    """One owner's categories. Their own take precedence over predefined ones with the same slug or
    name.
    """

    def __init__(self, categories: Iterable[Category]) -> None:
        self._all = sorted(categories, key=lambda category: category.user_id is not None)
        self.by_slug = {category.slug: category.pk for category in self._all}
        self._by_name = {category.name.casefold(): category.pk for category in self._all}
        self._labels = {category.pk: self._label(category) for category in self._all}

    def named(self, text: str) -> int | None:
        """The ID of the category with this slug or name, or None."""
        if not text:
            return None
        return self.by_slug.get(text.strip()) or self._by_name.get(text.strip().casefold())

    def label_of(self, category_id: int | None) -> str:
        """The category's name, or its slug if another category has that name; "" for no
        category.
        """
        return "" if category_id is None else self._labels.get(category_id, "")

    def _label(self, category: Category) -> str:
        return category.name if self.named(category.name) == category.pk else category.slug
