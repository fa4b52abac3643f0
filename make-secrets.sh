#!/bin/sh
# Write .env with new secrets for `docker compose up`, unless there is one already.
set -eu
cd "$(dirname "$0")"
umask 077
secret() {
    # Letters and digits only, because they are also part of the database URL.
    head -c 4096 /dev/urandom | LC_ALL=C tr -dc 'A-Za-z0-9' | cut -c1-64
}
if [ -e .env ]; then
    echo ".env is there already, and stays as it is." >&2
    exit 1
fi
# With -C, not even two concurrent runs overwrite each other.
set -C
{
    echo "# Created by make-secrets.sh. Keep a copy in a safe place: without FIELD_ENCRYPTION_KEY,"
    echo "# stored bank tokens and authenticator secrets cannot be read."
    for name in SECRET_KEY JWT_SIGNING_KEY FIELD_ENCRYPTION_KEY POSTGRES_PASSWORD METRICS_TOKEN; do
        echo "$name=$(secret)"
    done
} >.env
echo "Secrets written to .env. Start with: docker compose up --build"
