"""Staff lists on PostgreSQL: queries, milliseconds and blocks of a small data set and a large one.

    .venv/bin/python benchmarks/staff_lists.py [--rows 1000000] [--people 100000]

A PostgreSQL of its own with two databases, filled by SQL: rows made of one that the services wrote.
An auditor asks for each page seven times in both, in turn; the medians count. The blocks are those
that EXPLAIN says the page's queries read, which do not depend on how busy the machine is.
"""

import argparse
import json
import os
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "banking.settings_test"
TIMES = 7
PAGES = {
    "transactions": "/admin/transactions/transaction/",
    "page 15 of them": "/admin/transactions/transaction/?p=15",
    "page 20, or page 150 of more": "/admin/transactions/transaction/?p={page}",
    "search a text": "/admin/transactions/transaction/?q=kiosk",
    "one customer's": "/admin/transactions/transaction/?customer=person7@example.com",
    "a customer's text": "/admin/transactions/transaction/?customer=person7@example.com&q=kiosk",
    "filter by status": "/admin/transactions/transaction/?status__exact=posted",
    "filter by a rare status": "/admin/transactions/transaction/?status__exact=pending",
    "filter by currency": "/admin/transactions/transaction/?currency=EUR",
    "filter by a rare currency": "/admin/transactions/transaction/?currency=CHF",
    "rare currency in a year": "/admin/transactions/transaction/?currency=CHF&txn_date__gte={year}",
    # An auditor's list has no boxes to tick, so its columns are counted from 0.
    "sorted by amount": "/admin/transactions/transaction/?o=5",
    "sorted by status": "/admin/transactions/transaction/?o=6",
    "filter by account": "/admin/transactions/transaction/?account__id__exact=7",
    "filter by merchant": "/admin/transactions/transaction/?merchant=Kiosk",
    "transfers": "/admin/transactions/transfer/",
    "page 15 of transfers": "/admin/transactions/transfer/?p=15",
    "transfers by a rare status": "/admin/transactions/transfer/?status__exact=rejected",
    "one customer's transfers": "/admin/transactions/transfer/?customer=person7@example.com",
    "accounts": "/admin/accounts/account/",
    "people": "/admin/users/user/",
    # Each finds as many people in the small data set as in the large one.
    "find many by part of a name": "/admin/customers/?q=erson",
    "find one by part of a mail": "/admin/customers/?q=rson77@exam",
    "find ten by part of a phone": "/admin/customers/?q=4930 70007",
    "find nobody": "/admin/customers/?q=zyxw",
    "audit trail": "/admin/users/auditevent/",
    "by a common address": "/admin/users/auditevent/?ip=192.0.2.1",
    "by an unknown address": "/admin/users/auditevent/?ip=192.0.2.9",
    "by request": "/admin/users/auditevent/?request_id=request-500",
    "by object number": "/admin/users/auditevent/?target_id=50",
    "by object": "/admin/users/auditevent/?target_type=users.user&target_id=50",
    "by an action nobody did": "/admin/users/auditevent/?action=users.user.created",
    "by person": "/admin/users/auditevent/?by=template@example.com",
    "by an unknown chain": "/admin/users/auditevent/?chain__name=system",
    "a month long ago": "/admin/users/auditevent/?created_at__date__gte={month[0]}"
    "&created_at__date__lte={month[1]}",
    "an address in a year": "/admin/users/auditevent/?ip=192.0.2.1&created_at__date__gte={year}",
    "a text in a year": "/admin/users/auditevent/?q=created&created_at__date__gte={year}",
    "search a text in the trail": "/admin/users/auditevent/?q=created",
    "identity checks": "/admin/queues/verification/",
    "staff home": "/admin/",
    "jobs and health": "/admin/jobs/",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=100_000)
    options = parser.parse_args()
    from tests.servers import postgresql

    with postgresql() as address:
        os.environ["DATABASE_URL"] = address
        from rules_100k import set_up, tear_down

        databases = set_up()
        try:
            compare(address, options.rows, options.people)
        finally:
            tear_down(databases)


def compare(address: str, rows: int, people: int) -> None:
    import psycopg
    from django.db import connection

    large = connection.settings_dict["NAME"]
    small = f"{large}_small"
    fill(1_000, 100)
    connection.close()
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{small}" TEMPLATE "{large}"')
    fill(rows - 1_000, people - 100)
    report(measure(small, large))
    use(large)


def report(found: dict[str, list[tuple[int, float, int]]]) -> None:
    print(
        f"{'':28}{'queries':>9}{'small ms':>10}{'large':>10}{'ratio':>7}{'blocks':>9}{'large':>9}"
    )
    for name, ((few, before, little), (many, after, much)) in found.items():
        queries = f"{few}" if few == many else f"{few} → {many}"
        figures = f"{queries:>9}{before:10.1f}{after:10.1f}{after / before:7.2f}"
        print(f"{name:28}{figures}{little:9}{much:9}")


def fill(rows: int, people: int) -> None:
    """Copy one person, their account and a transaction as often as asked."""
    from django.db import connection

    from accounts.models import Account
    from insights.staff.platform_counts import count_platform
    from tests.builders import make_account, make_transaction, make_user
    from transactions.models import Transaction
    from users.models import User

    user = User.objects.filter(email="template@example.com").first()
    if user is None:
        user = make_user("template@example.com", name="Template")
        make_transaction(account=make_account(user=user), amount="5.00", description="Kiosk")
    first = User.objects.count()
    with connection.cursor() as cursor:
        copy(
            cursor,
            User,
            user.pk,
            people,
            {
                "email": f"'person' || (g + {first}) || '@example.com'",
                "name": f"'Person ' || (g + {first})",
                "phone": f"'+49 30 ' || (700000 + g + {first})",
                "search_text": f"'person ' || (g + {first}) || chr(10) || 'person' ||"
                f" (g + {first}) || '@example.com' || chr(10) || '4930' || (700000 + g + {first})",
                "kyc_status": f"CASE WHEN g % {people} < 100 THEN 'pending' ELSE t.kyc_status END",
            },
        )
        account = Account.objects.get(user=user)
        copy(
            cursor,
            Account,
            account.pk,
            people,
            {
                "user_id": f"(SELECT max(id) FROM users_user) - {people} + g",
                "last_four": "lpad((g % 10000)::text, 4, '0')",
            },
        )
        row = Transaction.objects.get(user=user)
        # The newest rows of both data sets have more of them than a page.
        every = 10 if rows <= 1_000 else 100
        low = f"(SELECT max(id) FROM accounts_account) - {people} + 1"
        person = "(SELECT max(id) FROM users_user)"
        copy(
            cursor,
            Transaction,
            row.pk,
            rows,
            {
                "account_id": f"{low} + (g % {people})",
                "user_id": f"{person} - {people} + 1 + (g % {people})",
                # Loaded history: what was recorded last is not what happened last.
                "txn_date": "current_date - ((g::bigint * 7919) % 900)::int",
                "description": f"CASE WHEN g % {every} = 0 THEN 'Kiosk ' ELSE 'Shop ' END || g",
                "merchant": f"CASE WHEN g % {every} = 0 THEN 'Kiosk' ELSE '' END",
                "search_text": f"CASE WHEN g % {every} = 0 THEN 'kiosk ' ELSE 'shop ' END || g",
                "fingerprint": "g",
            },
        )
        fill_transfers(cursor, rows)
        fill_trail(cursor, rows)
        count_platform(datetime.now(UTC))
        # As autovacuum leaves them.
        cursor.execute("VACUUM ANALYZE")


def fill_transfers(cursor, rows: int) -> None:
    """Every twentieth transaction and the one after it, found in another order than their days.
    Ten of the 10,000 newest are rejected, and ten in the small data set.
    """
    from django.utils import timezone

    cursor.execute(
        """
        INSERT INTO transactions_transfer (
            user_id, outflow_transaction_id, inflow_transaction_id, status,
            outflow_source_before, inflow_source_before, created_at, updated_at
        )
        SELECT t.user_id, t.id, t.id + 1, CASE WHEN t.id %% %(step)s = 0 THEN 'rejected' ELSE
            'confirmed' END, '', '', %(now)s, %(now)s
        FROM transactions_transaction t
        JOIN transactions_transaction other ON other.id = t.id + 1
        WHERE t.id %% 20 = 0 AND t.id > (
            SELECT coalesce(max(outflow_transaction_id), 0) FROM transactions_transfer
        )
        """,
        {"now": timezone.now(), "step": min(rows, 200_000) // 10},
    )


def fill_trail(cursor, rows: int) -> None:
    """As many events as transactions, spread over 400 days; ten about each object."""
    from users.models import AuditEvent

    first = AuditEvent.objects.count()
    event = AuditEvent.objects.order_by("pk")[0]
    copy(
        cursor,
        AuditEvent,
        event.pk,
        rows,
        {
            "sequence": f"1000000 + g + {first}",
            "previous_hash": f"md5((g + {first})::text)",
            "ip": "CASE WHEN g % 10 = 0 THEN '192.0.2.1'::inet ELSE '10.0.0.0'::inet + g END",
            "request_id": f"'request-' || (g + {first})",
            "target_type": "'users.user'",
            "target_id": f"(g + {first}) / 10",
            "created_at": f"now() - ({rows} - g) * (interval '400 days' / {rows})",
        },
    )


def copy(cursor, model, pk: int, count: int, changed: dict[str, str]) -> None:
    """Insert `count` copies of a row; `changed` holds SQL in which g counts from 1."""
    fields = model._meta.concrete_fields
    names = [item.column for item in fields if not item.primary_key and not item.generated]
    values = ", ".join(changed.get(name, f't."{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    table = model._meta.db_table
    cursor.execute(
        f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} t, "
        f"LATERAL generate_series(1, {count}) g WHERE t.id = {pk}"
    )


def use(database: str) -> None:
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = database
    connection.ensure_connection()


def pages(page: int) -> dict[str, str]:
    """{name: URL}, with the days they ask for and a late page."""
    today = datetime.now(UTC).date()
    month = today - timedelta(days=200), today - timedelta(days=140)
    year = today - timedelta(days=365)
    return {name: url.format(month=month, year=year, page=page) for name, url in PAGES.items()}


def measure(*databases: str) -> dict[str, list[tuple[int, float, int]]]:
    """(queries, milliseconds, blocks) of each page, in each database."""
    clients = {}
    for database in databases:
        use(database)
        clients[database] = auditor()
    asked = {database: pages(page) for database, page in zip(databases, (20, 150), strict=True)}
    found = {}
    for name in PAGES:
        spent: dict[str, list[float]] = {database: [] for database in databases}
        for turn in range(TIMES + 1):
            for database, client in clients.items():
                use(database)
                begun = time.perf_counter()
                answer = client.get(asked[database][name])
                if turn:  # The first one warms the caches.
                    spent[database].append((time.perf_counter() - begun) * 1000)
                assert answer.status_code in (200, 302), (name, answer.status_code)
        found[name] = [
            (*read(database, client, asked[database][name]), statistics.median(spent[database]))
            for database, client in clients.items()
        ]
    return {
        name: [(queries, ms, blocks) for queries, blocks, ms in rows]
        for name, rows in found.items()
    }


def auditor():
    from django.test import Client

    from tests.builders import make_user
    from users.models import User

    user = User.objects.filter(role="auditor").first() or make_user(
        "auditor@staff.example", role="auditor", is_staff=True
    )
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def read(database: str, client, url: str) -> tuple[int, int]:
    """How many queries a page runs, and how many blocks its SELECTs read."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    use(database)
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    blocks = 0
    with connection.cursor() as cursor:
        for query in queries.captured_queries:
            if query["sql"].startswith("SELECT"):
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query['sql']}")
                plan = cursor.fetchone()[0]
                plan = json.loads(plan) if isinstance(plan, str) else plan
                top = plan[0]["Plan"]
                blocks += top["Shared Hit Blocks"] + top["Shared Read Blocks"]
    return len(queries), blocks


if __name__ == "__main__":
    main()
