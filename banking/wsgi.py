"""The WSGI application that granian serves."""

import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banking.settings")
application = get_wsgi_application()
# All views, and with them nearly everything that stays. Frozen, the garbage collector does not look
# through it again and again: a fifth of a page's time.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
