"""Bare views for benchmarks/pages.py: home, list and search on the product's own tables.

Without middleware, session or permissions: the cost of Django, a template and the database alone.
They show only names and sums.
"""

import os
from datetime import UTC, datetime, timedelta

from django.core.wsgi import get_wsgi_application

from banking.kernel import stores

SECRET_KEY = "only-for-measuring-" + "x" * 40
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bare"
USE_TZ = True
INSTALLED_APPS: list[str] = []
MIDDLEWARE: list[str] = []
LOGGING_CONFIG = None
DATABASES = stores.databases(os.environ["DATABASE_URL"])
_ROW = "<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>"
_TABLE = "<table>{% for row in rows %}" + _ROW + "{% endfor %}</table>"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [("django.template.loaders.locmem.Loader", {"table.html": _TABLE})],
                )
            ]
        },
    }
]

os.environ["DJANGO_SETTINGS_MODULE"] = "bare"
application = get_wsgi_application()

from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template.loader import render_to_string  # noqa: E402
from django.urls import path  # noqa: E402

USER = int(os.environ["BARE_USER"])
_MONTHS = """SELECT month, SUM(inflow), SUM(outflow) FROM transactions_monthlytotal
    WHERE user_id = %s AND month >= %s GROUP BY 1 ORDER BY 1"""
_CATEGORIES = """SELECT category_id, SUM(inflow), SUM(outflow) FROM transactions_monthlytotal
    WHERE user_id = %s AND month >= %s GROUP BY 1 ORDER BY 3 DESC"""
_ROWS = """SELECT txn_date, description, merchant, signed_amount, category_id
    FROM transactions_transaction WHERE user_id = %s AND deleted_at IS NULL{}
    ORDER BY txn_date DESC, id DESC LIMIT {}"""


def _found(sql: str, *params: object) -> list:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _page(*tables: list) -> HttpResponse:
    return HttpResponse("".join(render_to_string("table.html", {"rows": rows}) for rows in tables))


def home(request: HttpRequest) -> HttpResponse:
    first = datetime.now(UTC).date().replace(day=1)
    return _page(
        _found(_MONTHS, USER, (first - timedelta(days=334)).replace(day=1)),
        _found(_CATEGORIES, USER, first),
        _found(_ROWS.format("", 10), USER),
    )


def rows(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("search")
    if words:
        return _page(_found(_ROWS.format(" AND search_text LIKE %s", 50), USER, f"%{words}%"))
    return _page(_found(_ROWS.format("", 50), USER))


urlpatterns = [path("home", home), path("list", rows)]
