# syntax=docker/dockerfile:1
# One image for web, worker, beat and migrate; docker-compose.yml says which it is.

FROM node:22-slim AS front_end
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim-trixie AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.lock .
RUN /venv/bin/pip install --require-hashes -r requirements.lock

FROM python:3.11-slim-trixie
# `manage.py backup` calls pg_dump, which must be as new as docker-compose.yml's server (17). WeasyPrint draws PDFs with Pango. The typefaces come with node_modules.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin banking \
    && install -d -o banking -g banking -m 0700 /data
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    STATIC_ROOT=/app/staticfiles \
    STATIC_MANIFEST=true \
    LOG_STYLE=json
WORKDIR /app
COPY --from=packages /venv /venv
COPY --from=front_end /build/node_modules node_modules
COPY . .
# Hashed and compressed once, here; the key serves this one command and is not kept.
RUN SECRET_KEY=only-for-collecting-static-files-at-build DATA_DIR=/tmp/build \
        python manage.py collectstatic --noinput -v 0 \
    && python -m compileall -q /app \
    && rm -rf /tmp/build
USER banking
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "-m", "banking.web", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--workers-kill-timeout", "20"]
