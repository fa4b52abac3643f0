"""Settings for the test suite: the product's own, with cheap hashing and tasks run in place.

`DATABASE_URL` chooses the engine. Every pytest-xdist worker has its own database; SQLite keeps it
in a file, because threads of one test must share it as processes would.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("SECRET_KEY", "test-secret-key-of-more-than-thirty-two-characters")
if "DATA_DIR" not in os.environ:
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="banking-test-")
    atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
# Workers run different tests at the same time: each sees only its own mails and files.
os.environ["DATA_DIR"] = str(
    Path(os.environ["DATA_DIR"]) / os.environ.get("PYTEST_XDIST_WORKER", "")
)
os.environ.setdefault("HTTPS", "false")
os.environ.setdefault("READ_DOT_ENV", "false")
# A browser driver runs an event loop in the test's thread; Django would treat it as async.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

from banking.settings import *  # noqa: F403 - the environment comes first
from banking.settings import DATA_DIR, DATABASES, RATE_LIMITS, TEMPLATES

# The test client's host, so that links in mails can be followed.
SITE_URL = "http://testserver"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MAIL_IN_BACKGROUND = False
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
AUDIT_GUARD = False
PROVIDER_RETRY_SECONDS = 0
# Every test client loads the middleware again: skip listing a thousand files each time.
WHITENOISE_AUTOREFRESH = True
# Tests of limits set their own; all others are unlimited.
RATE_LIMITS = RATE_LIMITS | {"api-read": None, "api-write": None}
# Tests read pages as their templates are written.
TEMPLATES[0]["OPTIONS"]["loaders"][0][1][0] = "banking.kernel.template_loaders.CompactLoader"
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# One connection per test: a second one would not see the test's uncommitted rows.
SNAPSHOT_ALIAS = "default"

# Wait long for locks, as machines may be busy: only a deadlock should fail, not slowness.
for alias in DATABASES.values():
    options = alias["OPTIONS"]
    if "init_command" in options:
        options["init_command"] += "PRAGMA busy_timeout=300000;PRAGMA synchronous=OFF;"
    else:
        options["connect_timeout"] = 60
        alias["TIME_LIMITS"] = dict.fromkeys(alias["TIME_LIMITS"], "300s")
        alias["SILENCE_SECONDS"] = 300

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(Path(DATA_DIR) / "test.sqlite3")}
else:
    # TEST_DATABASE lets two test runs share one server.
    DATABASES["default"]["TEST"] = {"NAME": os.environ.get("TEST_DATABASE", "test_banking")}
