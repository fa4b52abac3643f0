"""What the ledger check proves besides the figures: the promises about doing things once, recording
them, and keeping the record whole.

Each is one SQL statement that returns the rows that break it, written without the services and
constraints that should prevent them. The statements run on SQLite and PostgreSQL.
"""

from dataclasses import dataclass

from django.db import connections

from banking.kernel.snapshot import read_snapshot
from transactions.ledger_report import Invariant, Violation


@dataclass(frozen=True, slots=True)
class Promise:
    """`rows` returns id, account, stored and expected of each row that breaks it (all but the id
    may be NULL); `counted` is the table whose rows are checked.
    """

    name: str
    rule: str
    table: str
    counted: str
    problem: str
    rows: str


_NOT_RECORDED = (
    "SELECT t.id, {account}, NULL, NULL FROM {table} t WHERE {condition} AND NOT EXISTS ("
    "SELECT 1 FROM users_auditevent e WHERE e.target_type = '{target}' AND e.target_id = t.id"
    " AND e.action {action})"
)


def _recorded(name: str, condition: str, *, account: str, action: str) -> Promise:
    table = name.replace(".", "_")
    return Promise(
        "recorded",
        "each account, import, transfer and bill payment has its audit event",
        name,
        table,
        "No audit event tells of it.",
        _NOT_RECORDED.format(
            table=table, target=name, condition=condition, account=account, action=action
        ),
    )


PROMISES = (
    Promise(
        "limits",
        "an account with only a person's own entries is not below its limit",
        "accounts.account",
        "accounts_account",
        "Its balance is below its limit (in 1/10,000), and neither bank nor limit explains it.",
        """
        SELECT a.id, a.id, a.balance, -a.overdraft_limit FROM accounts_account a
        WHERE a.balance < -a.overdraft_limit AND a.account_type <> 'loan'
          AND a.opening_balance >= -a.overdraft_limit
          AND NOT EXISTS (SELECT 1 FROM transactions_transaction t WHERE t.account_id = a.id
            AND (t.origin IN ('import', 'sync') OR t.deleted_at IS NOT NULL))
          AND NOT EXISTS (SELECT 1 FROM users_auditevent e JOIN users_auditchain c
            ON c.id = e.chain_id WHERE c.name = 'user:' || CAST(a.user_id AS TEXT)
            AND e.action IN (
            'accounts.account.edited', 'transactions.trash.purged',
            'transactions.transactions.planned'))
        """,
    ),
    Promise(
        "paid_once",
        "one bill per occurrence, one bill per payment, and a payment of what the bill says",
        "bills.bill",
        "bills_bill",
        "The occurrence or its payment exists twice.",
        """
        SELECT MAX(b.id), NULL, COUNT(*), 1 FROM bills_bill b WHERE b.remainder_of_id IS NULL
        GROUP BY b.series, b.sequence HAVING COUNT(*) > 1
        UNION ALL
        SELECT MAX(b.id), NULL, COUNT(*), 1 FROM bills_bill b WHERE b.payment_id IS NOT NULL
        GROUP BY b.payment_id HAVING COUNT(*) > 1
        """,
    ),
    Promise(
        "paid_once",
        "",
        "bills.bill",
        "",
        "Its payment is of another amount than the bill says (in 1/10,000).",
        """
        SELECT b.id, t.account_id, b.amount_paid, -t.signed_amount FROM bills_bill b
        JOIN transactions_transaction t ON t.id = b.payment_id
        WHERE t.origin = 'bill' AND t.currency = b.currency AND -t.signed_amount <> b.amount_paid
        """,
    ),
    Promise(
        "paid_once",
        "",
        "bills.bill",
        "",
        "It has a payment but isn't paid, or the other way around.",
        """
        SELECT b.id, b.account_id, NULL, NULL FROM bills_bill b
        WHERE (b.paid_at IS NULL) <> (b.amount_paid IS NULL)
          OR (b.payment_id IS NOT NULL AND b.paid_at IS NULL)
        """,
    ),
    Promise(
        "messages",
        "at most one message per recipient, kind, object, channel and local day",
        "users.notification",
        "users_notification",
        "The same message exists more than once.",
        """
        SELECT MAX(n.id), NULL, COUNT(*), 1 FROM users_notification n
        GROUP BY n.recipient_id, n.kind, n.target_key, n.channel, n.local_day HAVING COUNT(*) > 1
        """,
    ),
    Promise(
        "commands",
        "a command with a key took effect once and kept its answer",
        "users.idempotentcommand",
        "users_idempotentcommand",
        "The key was used more than once, or has no answer.",
        """
        SELECT MAX(c.id), NULL, COUNT(*), 1 FROM users_idempotentcommand c
        GROUP BY c.user_id, c.key HAVING COUNT(*) > 1 OR MIN(c.status_code) = 0
        """,
    ),
    Promise(
        "imports",
        "a file's line is in an account once, and an unfinished import has added nothing",
        "transactions.importbatch",
        "transactions_importbatch",
        "It isn't finished, but has added transactions.",
        """
        SELECT b.id, b.account_id, b.status, NULL FROM transactions_importbatch b
        WHERE b.status NOT IN ('done', 'reverted') AND EXISTS (
          SELECT 1 FROM transactions_transaction t WHERE t.import_batch_id = b.id)
        """,
    ),
    Promise(
        "imports",
        "",
        "transactions.importbatch",
        "",
        "A file's lines were added to the account more often than the file has them.",
        """
        SELECT held.batch, held.account_id, held.count, told.count FROM (
          SELECT MAX(b.id) AS batch, b.account_id, b.sha256, t.fingerprint, COUNT(*) AS count
          FROM transactions_transaction t JOIN transactions_importbatch b
            ON b.id = t.import_batch_id
          WHERE t.deleted_at IS NULL GROUP BY b.account_id, b.sha256, t.fingerprint
          HAVING COUNT(DISTINCT b.id) > 1) held
        JOIN (
          SELECT each_one.account_id, each_one.sha256, each_one.fingerprint,
            MAX(each_one.count) AS count
          FROM (
            SELECT b.id, b.account_id, b.sha256, r.fingerprint, COUNT(*) AS count
            FROM transactions_importrow r JOIN transactions_importbatch b ON b.id = r.batch_id
            GROUP BY b.id, b.account_id, b.sha256, r.fingerprint) each_one
          GROUP BY each_one.account_id, each_one.sha256, each_one.fingerprint) told
        ON told.account_id = held.account_id AND told.sha256 = held.sha256
          AND told.fingerprint = held.fingerprint
        WHERE held.count > told.count
        """,
    ),
    Promise(
        "audit",
        "each audit chain is whole: numbered without gaps, linked, and as long as its head says",
        "users.auditevent",
        "users_auditevent",
        "It doesn't link to the event before it.",
        """
        SELECT e.id, NULL, e.previous_hash, p.hash FROM users_auditevent e
        LEFT JOIN users_auditevent p ON p.chain_id = e.chain_id AND p.sequence = e.sequence - 1
        WHERE e.previous_hash <> COALESCE(p.hash, '') OR (e.sequence > 1 AND p.id IS NULL)
          OR e.sequence < 1
        """,
    ),
    Promise(
        "audit",
        "",
        "users.auditchain",
        "",
        "Its events are not as many as its head says, or the last one is another.",
        """
        SELECT c.id, NULL, c.length, COUNT(e.id) FROM users_auditchain c
        LEFT JOIN users_auditevent e ON e.chain_id = c.id
        GROUP BY c.id, c.length, c.head_hash
        HAVING COUNT(e.id) <> c.length OR COALESCE(MAX(e.sequence), 0) <> c.length
          OR COALESCE(MAX(CASE WHEN e.sequence = c.length THEN e.hash END), '') <> c.head_hash
        """,
    ),
    _recorded("accounts.account", "1 = 1", account="t.id", action="= 'accounts.account.opened'"),
    _recorded(
        "transactions.importbatch",
        "t.status = 'done'",
        account="t.account_id",
        action="= 'transactions.import.confirmed'",
    ),
    _recorded(
        "bills.bill",
        "t.paid_at IS NOT NULL",
        account="t.account_id",
        action="= 'bills.bill.paid'",
    ),
    _recorded(
        "transactions.transfer",
        "t.status = 'confirmed' AND EXISTS (SELECT 1 FROM transactions_transaction o"
        " WHERE o.id = t.outflow_transaction_id AND o.origin = 'transfer')",
        account="NULL",
        action="LIKE 'transactions.transfer.%%'",
    ),
)


def check_promises() -> list[Invariant]:
    """One invariant per name, in one snapshot. Reads only."""
    found: dict[str, Invariant] = {}
    with read_snapshot(takes_time=True) as alias, connections[alias].cursor() as cursor:
        for promise in PROMISES:
            invariant = found.setdefault(promise.name, Invariant(promise.name, promise.rule))
            if promise.counted:
                cursor.execute(f"SELECT COUNT(*) FROM {promise.counted}")  # noqa: S608 - our names
                invariant.checked_count += cursor.fetchone()[0]
            cursor.execute(promise.rows, [])
            for pk, account, *values in cursor.fetchall():
                stored, expected = ("" if value is None else str(value) for value in values)
                invariant.add(
                    Violation(promise.table, pk, promise.problem, account, stored, expected)
                )
    return list(found.values())
