"""The product's settings without its middleware, for bare_api.py."""

from banking.settings import *  # noqa: F403

# The one that allauth does not start without.
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
ROOT_URLCONF = "bare_api"
