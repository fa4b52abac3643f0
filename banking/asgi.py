"""Entry point for hosts that only serve ASGI; `make run` serves WSGI."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banking.settings")
application = get_asgi_application()
