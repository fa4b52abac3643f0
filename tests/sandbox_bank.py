"""The product's own sandbox bank, served from a thread during tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.simple_server import make_server

from transactions.sources.banks.sandbox_server import QuietHandler, SandboxBank, ThreadedServer


@contextmanager
def sandbox_bank(folder: Path) -> Iterator[str]:
    """Yield the URL of a bank that keeps its state in the folder and stops with the block."""
    bank = SandboxBank(folder)
    with make_server("127.0.0.1", 0, bank, ThreadedServer, QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
