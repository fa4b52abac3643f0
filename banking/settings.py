"""All settings of the product.

One file, plus banking/sign_in.py for signing in. Machine-specific values come from the environment
(`.env` is read); `.env.example` explains each name. Embedded defaults (SQLite, Valkey, mails in a
folder) live under DATA_DIR, so that two instances can run side by side.
"""

import logging
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured

from banking import __version__, limits, logs
from banking.kernel import stores
from banking.kernel.sentinel import SENTINEL
from banking.schedule import BEAT_SCHEDULE
from banking.sign_in import *  # noqa: F403 - they are settings

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
# Tests and checks ignore this machine's .env.
if env.bool("READ_DOT_ENV", default=True):
    environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY")
if not DEBUG and len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("SECRET_KEY needs at least 32 characters.")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Each purpose has its own key, so that one leak opens one door. By default they are derived from
# one secret to keep local setup simple: set them separately in production.
JWT_SIGNING_KEY = env("JWT_SIGNING_KEY", default=f"jwt:{SECRET_KEY}")
FIELD_ENCRYPTION_KEY = env("FIELD_ENCRYPTION_KEY", default=f"fields:{SECRET_KEY}")
# Data encrypted with earlier keys stays readable.
FIELD_ENCRYPTION_KEY_FALLBACKS = env.list(
    "FIELD_ENCRYPTION_KEY_FALLBACKS", default=[f"fields:{key}" for key in SECRET_KEY_FALLBACKS]
)

DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
# Demo sign-ins with a public password exist only if this is on (`make run` sets it).
DEMO = env.bool("DEMO", default=False)

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_NAME = env("SITE_NAME", default="Tallybank")
SITE_URL = env("SITE_URL", default="http://localhost:8000")

INSTALLED_APPS = [
    "users",
    "accounts",
    "transactions",
    "budgets",
    "rewards",
    "bills",
    "alerts",
    "insights",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_filters",
    "corsheaders",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_celery_beat",
    "django_structlog",
    "django_prometheus",
]

MIDDLEWARE = [
    # These add headers, to the refusals of all others too.
    "banking.middleware.SafeHeaders",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "banking.middleware.Compression",
    "corsheaders.middleware.CorsMiddleware",
    "banking.middleware.RefuseLargeBodies",
    "banking.middleware.RefuseUnreadableText",
    "banking.middleware.ApiTrailingSlash",
    "banking.middleware.PageMethods",
    "banking.middleware.PageReads",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "users.middleware.SignedIn",
    "users.middleware.SignInRequired",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "users.middleware.RequestContext",
    "users.middleware.LastSeen",
    "users.middleware.PrivateResponses",
    "users.middleware.Refusals",
    "users.middleware.OwnRegion",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.viewing_as.ViewingAs",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
    "insights.kept_pages.KeptPages",
]

ROOT_URLCONF = "banking.urls"
WSGI_APPLICATION = "banking.wsgi.application"
ASGI_APPLICATION = "banking.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "banking.kernel.template_loaders.ShortLoader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "banking.context.site",
                "banking.context.abilities",
            ],
            "builtins": [
                "django.templatetags.static",
                "django.contrib.humanize.templatetags.humanize",
                "banking.kernel.fixed_tags",
                "banking.kernel.template_tags",
                "banking.kernel.navigation_tags",
            ],
            "libraries": {
                "cells": "transactions.cells",
                "home_lines": "insights.home.lines",
                "i18n": "banking.kernel.fixed_tags",
                "staff_words": "users.admin.words",
            },
        },
    }
]
# Our i18n library takes the place of Django's on purpose.
SILENCED_SYSTEM_CHECKS = ["templates.W003"]


# --- Databases ----------------------------------------------------------------------------------

DATABASES = stores.databases(
    env("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'db.sqlite3'}"),
    pooler=env("DATABASE_POOLER", default=""),
    isolation=env("DATABASE_ISOLATION", default=""),
    replica=env("REPLICA_URL", default=""),
)
DATABASE_ROUTERS = ["banking.kernel.snapshot.SnapshotRouter"]
SNAPSHOT_ALIAS = "snapshot"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Broker, cache, Celery ----------------------------------------------------------------------

# Without REDIS_URL: the embedded Valkey that `make run` starts on a socket in DATA_DIR.
REDIS_URL = env("REDIS_URL", default=f"unix://{DATA_DIR / 'valkey.sock'}")
cache_url = env("CACHE_URL", default=REDIS_URL)
CACHES = {"default": stores.cache(cache_url)}
SESSION_ENGINE = "users.session_store"

broker = env("CELERY_BROKER_URL", default=REDIS_URL)
CELERY_BROKER_URL = stores.broker_url(broker)
# For `manage.py check_engine`.
SENTINEL_URLS = sorted({url for url in (cache_url, broker) if url.startswith(SENTINEL)})
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# KB: a long statement needs 670 MB to draw; its process is replaced afterward.
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_TRANSPORT_OPTIONS = stores.broker_options(broker, DATA_DIR / "broker")
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Flower and other monitors can follow tasks.
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_TASK_SEND_SENT_EVENT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "banking.beat:InstalledScheduler"
CELERY_BEAT_SYNC_EVERY = 1
DJANGO_CELERY_BEAT_TZ_AWARE = True
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE

# --- People -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "users.User"
MFA_TOTP_ISSUER = SITE_NAME
RATE_LIMITS = limits.rate_limits(env.dict("RATE_LIMITS", default={}), is_demo=DEMO)
# Triggers refuse every change of an audit event; tests, which empty the database, turn them off.
AUDIT_GUARD = True
# The signed heads of the audit chains; best on a disk the database server cannot write to.
AUDIT_ANCHOR = Path(env("AUDIT_ANCHOR", default=str(DATA_DIR / "audit" / "heads.json")))

ACCESS_TOKEN_EXPIRE_MINUTES = env.int(
    "ACCESS_TOKEN_EXPIRE_MINUTES", default=limits.ACCESS_TOKEN_MINUTES
)
REFRESH_TOKEN_EXPIRE_DAYS = env.int("REFRESH_TOKEN_EXPIRE_DAYS", default=limits.REFRESH_TOKEN_DAYS)
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "AUDIENCE": "banking-api",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=ACCESS_TOKEN_EXPIRE_MINUTES),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=REFRESH_TOKEN_EXPIRE_DAYS),
    # Server clocks differ: a token just signed by another server is not from the future.
    "LEEWAY": timedelta(seconds=5),
    "UPDATE_LAST_LOGIN": False,
}

# --- The API ------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "users.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["banking.kernel.api_json.JsonParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "banking.kernel.api.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_standardized_errors.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["users.api.throttling.ApiThrottle"],
    "EXCEPTION_HANDLER": "users.api.errors.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {"ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{SITE_NAME} API",
    "DESCRIPTION": "Accounts, transactions, budgets, bills, rewards, alerts and insights.",
    "VERSION": __version__,
    "SERVE_INCLUDE_SCHEMA": False,
    "DEFAULT_GENERATOR_CLASS": "banking.schema.OneSchema",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/",
    "COMPONENT_SPLIT_REQUEST": True,
    "GET_MOCK_REQUEST": "banking.schema.schema_request",
    "ENUM_NAME_OVERRIDES": {
        "TransactionStatusEnum": "transactions.models.Transaction.Status",
        "ImportStatusEnum": "transactions.models.ImportBatch.Status",
        "BudgetStatusEnum": "budgets.progress.STATUSES",
        "TransferStatusEnum": "transactions.models.Transfer.Status",
        "BillStatusEnum": "bills.models.Bill.Status",
        "AutoPayStateEnum": "bills.preflight.AutoPayState",
        "ConnectionStatusEnum": "accounts.models.BankConnection.Status",
        "SyncRunStatusEnum": "accounts.models.SyncRun.Status",
        "CategoryKindEnum": "transactions.models.Category.Kind",
        "ReviewDecisionEnum": "transactions.services.reviewing.EVERY_ANSWER",
        "DoubtDecisionEnum": "insights.api.outlook_serializers.DECISIONS",
        "ChangeStatusEnum": "transactions.models.Change.Status",
        "ChangeKindEnum": "transactions.models.Change.Kind",
        "KycStatusEnum": "users.models.User.KycStatus",
        "KycDecisionEnum": "users.services.verification.DECISIONS",
        "ExportStatusEnum": "insights.models.Export.Status",
        "ExportKindEnum": "insights.models.Export.Kind",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_standardized_errors.openapi_hooks.postprocess_schema_enums",
        "banking.schema.complete_schema",
    ],
}
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/.*$"
CORS_EXPOSE_HEADERS = ["content-disposition", "idempotency-replayed", "location", "retry-after"]
CORS_ALLOW_HEADERS = [*default_headers, "idempotency-key", "x-step-up"]

# --- Pages --------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["banking.formats"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

TYPEFACES_DIR = BASE_DIR / "node_modules/@fontsource-variable"
STATIC_URL = "static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("chartjs", BASE_DIR / "node_modules/chart.js/dist"),
    ("fonts", TYPEFACES_DIR / "inter/files"),
]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files"},
    },
    # The container image compresses and hashes at build time; elsewhere a start must not wait.
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.bool("STATIC_MANIFEST", default=False)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not env.bool("STATIC_MANIFEST", default=False)
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["map", "png", "jpg", "woff2", "gz", "br", "zip"]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
FORM_RENDERER = "banking.kernel.forms.Renderer"

# --- Uploads (banking/limits.py) ----------------------------------------------------------------

IMPORT_MAX_BYTES = limits.IMPORT_MAX_BYTES
IMPORT_MAX_ROWS = limits.IMPORT_MAX_ROWS
IMPORT_INLINE_BYTES = limits.IMPORT_INLINE_BYTES
CHANGE_INLINE_ROWS = limits.CHANGE_INLINE_ROWS
CHANGE_STEP_ROWS = limits.CHANGE_STEP_ROWS
CHANGE_INLINE_SCAN = limits.CHANGE_INLINE_SCAN
RULE_PREVIEW_ROWS = limits.RULE_PREVIEW_ROWS
API_PAGE_ROWS = limits.API_PAGE_ROWS
API_PAGE_MAX_ROWS = limits.API_PAGE_MAX_ROWS
DATA_UPLOAD_MAX_MEMORY_SIZE = limits.REQUEST_BYTES
FILE_UPLOAD_MAX_MEMORY_SIZE = limits.REQUEST_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = limits.REQUEST_FIELDS

# --- Security -----------------------------------------------------------------------------------

HTTPS = env.bool("HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS and env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
# Requirements for staff besides their role (users/staff_door.py); an invalid network stops the
# start.
STAFF_MFA_REQUIRED = env.bool("STAFF_MFA_REQUIRED", default=False)
# Whether granting admin, releasing a held rate, editing schedules and resetting a second factor
# wait for a second admin (users/services/second_admin.py).
FOUR_EYES = env.bool("FOUR_EYES", default=False)
ADMIN_IP = [
    str(ip_network(network.strip(), strict=False)) for network in env.list("ADMIN_IP", default=[])
]
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = limits.SESSION_SECONDS
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrftoken"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "banking.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

# --- The outside world --------------------------------------------------------------------------

SMTP_HOST = env("SMTP_HOST", default="")
SMTP_PORT = env.int("SMTP_PORT", default=587)
SMTP_USER = env("SMTP_USER", default="")
SMTP_PASSWORD = env("SMTP_PASSWORD", default="")
SMTP_TLS = env.bool("SMTP_TLS", default=SMTP_PORT == 587)
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if SMTP_HOST
    else "django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_HOST, EMAIL_PORT = SMTP_HOST, SMTP_PORT
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = SMTP_USER, SMTP_PASSWORD
EMAIL_USE_TLS = SMTP_TLS
EMAIL_TIMEOUT = 10
# Account emails are sent in the background.
MAIL_IN_BACKGROUND = True
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"{SITE_NAME} <no-reply@example.com>")

TWILIO_ACCOUNT_SID = env("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env("TWILIO_AUTH_TOKEN", default="")
TWILIO_PHONE_NUMBER = env("TWILIO_PHONE_NUMBER", default="")
TWILIO_BASE_URL = env("TWILIO_BASE_URL", default="https://api.twilio.com")
EXCHANGERATE_API_KEY = env("EXCHANGERATE_API_KEY", default="")
EXCHANGERATE_BASE_URL = env("EXCHANGERATE_BASE_URL", default="https://v6.exchangerate-api.com")
OPEN_ER_API_BASE_URL = env("OPEN_ER_API_BASE_URL", default="https://open.er-api.com")
ECB_BASE_URL = env("ECB_BASE_URL", default="https://www.ecb.europa.eu")
# Pause before asking a failed provider again: this, then twice this.
PROVIDER_RETRY_SECONDS = 1
PLAID_CLIENT_ID = env("PLAID_CLIENT_ID", default="")
PLAID_SECRET = env("PLAID_SECRET", default="")
PLAID_ENV = env("PLAID_ENV", default="sandbox")
PLAID_BASE_URL = env("PLAID_BASE_URL", default=f"https://{PLAID_ENV}.plaid.com")
PLAID_COUNTRY_CODES = env.list("PLAID_COUNTRY_CODES", default=["US"])
# Where Plaid sends webhooks; blank: only scheduled syncs.
PLAID_WEBHOOK_URL = env("PLAID_WEBHOOK_URL", default="")
OBP_BASE_URL = env("OBP_BASE_URL", default="")
OBP_CONSUMER_KEY = env("OBP_CONSUMER_KEY", default="")
OBP_INSTITUTION_NAME = env("OBP_INSTITUTION_NAME", default="Open Bank Project")
SIMPLEFIN = env.bool("SIMPLEFIN", default=True)
SIMPLEFIN_CREATE_URL = env(
    "SIMPLEFIN_CREATE_URL", default="https://bridge.simplefin.org/simplefin/create"
)
# `make run` starts the sandbox bank and sets its address; without it, it is not offered.
SANDBOX_BANK_URL = env("SANDBOX_BANK_URL", default="")
# Allow private addresses for customers' URLs (SimpleFIN): for trying things on one machine.
OUTGOING_PRIVATE = env.bool("OUTGOING_PRIVATE", default=False)

# --- Logs, errors, metrics ----------------------------------------------------------------------

LOG_LEVEL = env("LOG_LEVEL", default="INFO").upper()
# "json", "text", or "auto": text in a terminal and with DEBUG.
LOG_STYLE = env("LOG_STYLE", default="text" if DEBUG else "auto")
LOGGING = logs.configuration(level=LOG_LEVEL, style=LOG_STYLE)
SENTRY_DSN = env("SENTRY_DSN", default="")
logs.start(sentry_dsn=SENTRY_DSN)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # It trusts any X-Forwarded-For.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
# Without a token, /metrics responds only to this machine.
METRICS_TOKEN = env("METRICS_TOKEN", default="")
