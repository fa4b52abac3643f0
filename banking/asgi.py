"""For hosts that serve ASGI only; `make run` serves WSGI."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banking.settings")
application = get_asgi_application()
