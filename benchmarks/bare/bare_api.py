"""A bare API for benchmarks/pages.py and clients.py: Django REST framework's own serializer for the
same 50 rows, and for one new row.

With the product's settings, tables and token authentication; without its middleware, throttling,
filters, sharing and ETag; a new row changes no balance and no total.
"""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "bare_api_settings"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.urls import path  # noqa: E402
from rest_framework import serializers  # noqa: E402
from rest_framework.generics import CreateAPIView, ListAPIView  # noqa: E402

from transactions.models import Transaction  # noqa: E402
from users.api.authentication import TokenAuthentication  # noqa: E402


class Plain(serializers.ModelSerializer):
    account_name = serializers.CharField(source="account.name")
    category = serializers.CharField(source="category.slug", default=None)
    category_name = serializers.CharField(source="category.name", default=None)
    tags = serializers.SlugRelatedField("name", many=True, read_only=True)

    class Meta:
        model = Transaction
        fields = (
            *("id", "user", "account", "account_name", "description", "merchant", "category"),
            *("category_name", "category_source", "is_split", "amount", "txn_type"),
            *("signed_amount", "currency", "txn_date", "posted_date", "status", "notes", "tags"),
            *("origin", "external_id", "import_batch", "deleted_at", "created_at", "updated_at"),
        )


class PlainList(ListAPIView):
    authentication_classes = (TokenAuthentication,)
    throttle_classes = ()
    filter_backends = ()
    pagination_class = None
    serializer_class = Plain

    def get_queryset(self):
        rows = Transaction.objects.filter(user=self.request.user, deleted_at=None)
        return rows.select_related("account", "category").prefetch_related("tags")[:50]


class PlainNew(serializers.ModelSerializer):
    amount = serializers.DecimalField(17, 2, source="signed_amount")

    class Meta:
        model = Transaction
        fields = ("id", "account", "amount", "txn_date", "description")


class PlainAdd(CreateAPIView):
    authentication_classes = (TokenAuthentication,)
    throttle_classes = ()
    serializer_class = PlainNew

    def perform_create(self, serializer) -> None:
        serializer.save(user=self.request.user, currency="EUR", fingerprint=0)


urlpatterns = [
    path("api-list", PlainList.as_view()),
    path("api/transactions", PlainAdd.as_view()),
]
