"""All URLs: pages by app, the API under /api/, its documentation, health."""

from csp.constants import NONCE
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)

from accounts import urls as account_urls
from banking import views
from banking.kernel.metrics import metrics
from transactions import urls as transaction_urls
from users.views import EmailChange

# ReDoc creates style elements: static/js/redoc.js gives them this nonce.
_styles_itself = csp_update({"style-src": [NONCE]})

# An account's page shows its transactions, so the app above provides it.
account_pages = account_urls.urlpatterns + transaction_urls.account_urlpatterns

urlpatterns = [
    path("", include("insights.urls")),
    path("accounts/", include((account_pages, "accounts"))),
    path("transactions/", include("transactions.urls")),
    path("budgets/", include("budgets.urls")),
    path("alerts/", include("alerts.urls")),
    path("bills/", include("bills.urls")),
    path("rewards/", include("rewards.urls")),
    path("users/", include("users.urls")),
    # Before allauth's own URLs.
    path("users/email/", EmailChange.as_view(), name="account_email"),
    path("users/2fa/", include("users.factor_urls")),
    # Sign-in, sign-up, password, email, second factor, list of sessions.
    path("users/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("users.api.urls")),
    path("api/", include("accounts.api.urls")),
    path("api/", include("transactions.api.urls")),
    path("api/", include("budgets.api.urls")),
    path("api/", include("alerts.api.urls")),
    path("api/", include("bills.api.urls")),
    path("api/", include("rewards.api.urls")),
    path("api/", include("insights.api.urls")),
    path("api/schema", login_not_required(SpectacularAPIView.as_view()), name="schema"),
    path(
        "docs",
        login_not_required(
            SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="swagger.html")
        ),
        name="docs",
    ),
    path(
        "redoc",
        login_not_required(
            _styles_itself(
                SpectacularRedocView.as_view(url_name="schema", template_name="redoc.html")
            )
        ),
        name="redoc",
    ),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]

handler400 = "banking.views.bad_request"
handler404 = "banking.views.not_found"
handler500 = "banking.views.server_error"
handler429 = "users.views.too_many_requests"

if settings.DEBUG:
    urlpatterns.append(path("styleguide", views.styleguide, name="styleguide"))
