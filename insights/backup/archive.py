"""The archive of a backup: one compressed tar file with a manifest as its last member.

An archive from elsewhere is data to be checked, so nothing is ever unpacked by tar itself: each
member must be a plain file that the manifest lists with its name, size and SHA-256.
"""

import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database"
FILES = "files/"
_MANIFEST_MAX_BYTES = 64 * 1024 * 1024
_CHUNK = 1024 * 1024


class ArchiveError(Exception):
    """A sentence for the operator: why this archive cannot be written or trusted."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the archive holds and what the database must contain once it is restored.

    `rows` counts each table's rows, `audit_heads` is {chain: [length, hash]}. `key_test` is a word
    encrypted with FIELD_ENCRYPTION_KEY: whoever can decrypt it can read the stored secrets.
    """

    format: int
    product_version: str
    created_at: str
    engine: str
    migrations: list[str]
    rows: dict[str, int]
    audit_heads: dict[str, list]
    key_test: str
    members: list[Member]


def write(path: Path, sources: Iterable[tuple[str, Path]], facts: dict[str, Any]) -> Manifest:
    """Write the archive, readable by its owner only; `path` appears once it is complete."""
    unfinished = path.with_name(f"{path.name}.part")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=3) as tar:
                members = [_add(tar, name, source) for name, source in sources]
                manifest = Manifest(format=FORMAT, members=members, **facts)
                _add_manifest(tar, manifest)
            raw.flush()
            os.fsync(raw.fileno())
        # A link, unlike a rename, never replaces an archive that is there already.
        os.link(unfinished, path)
    except FileExistsError as error:
        raise ArchiveError(f"{path} exists already. Nothing was overwritten.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def unpack(path: Path, folder: Path) -> Manifest:
    """Copy the members into `folder`, and check each against the manifest.

    Raises ArchiveError if anything is missing, added, changed or not a plain file.
    """
    found: dict[str, Member] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(path, mode="r:gz") as tar:
            for entry in tar:
                if manifest is not None:
                    raise ArchiveError("The archive has data after its manifest.")
                _require_plain(entry, found)
                content = tar.extractfile(entry)
                if content is None:
                    raise ArchiveError(f"{entry.name!r} can't be read.")
                if entry.name == MANIFEST:
                    manifest = _read_manifest(content, entry.size)
                else:
                    found[entry.name] = _copy(content, entry.name, folder)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ArchiveError(f"The archive is damaged or cut off: {error}.") from error
    if manifest is None:
        raise ArchiveError("The archive has no manifest: it is cut off, or not one of ours.")
    _compare(manifest, found)
    return manifest


def _add(tar: tarfile.TarFile, name: str, source: Path) -> Member:
    with source.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        size = content.tell()
        content.seek(0)
        tar.addfile(_entry(name, size), content)
    return Member(name, size, digest)


def _add_manifest(tar: tarfile.TarFile, manifest: Manifest) -> None:
    text = json.dumps(asdict(manifest), indent=1).encode()
    tar.addfile(_entry(MANIFEST, len(text)), BytesIO(text))


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def _require_plain(entry: tarfile.TarInfo, found: dict[str, Member]) -> None:
    path = PurePosixPath(entry.name)
    is_known = entry.name in (MANIFEST, DATABASE) or entry.name.startswith(FILES)
    is_inside = not path.is_absolute() and ".." not in path.parts and str(path) == entry.name
    if not (entry.isreg() and is_known and is_inside) or {"\\", "\0"} & set(entry.name):
        raise ArchiveError(f"The archive holds {entry.name!r}, which no backup of ours contains.")
    if entry.name in found:
        raise ArchiveError(f"The archive holds {entry.name!r} twice.")


def _copy(content: IO[bytes], name: str, folder: Path) -> Member:
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as file:
        while chunk := content.read(_CHUNK):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return Member(name, size, digest.hexdigest())


def _read_manifest(content: IO[bytes], size: int) -> Manifest:
    if size > _MANIFEST_MAX_BYTES:
        raise ArchiveError("The manifest is too large.")
    try:
        values = json.loads(content.read())
        if values["format"] != FORMAT:
            raise ArchiveError(
                f"The archive has format {values['format']}, and this version reads {FORMAT}. "
                "Restore it with the version that wrote it."
            )
        members = [Member(**member) for member in values.pop("members")]
        return Manifest(members=members, **values)
    except (ValueError, KeyError, TypeError) as error:
        raise ArchiveError("The manifest can't be read.") from error


def _compare(manifest: Manifest, found: dict[str, Member]) -> None:
    promised = {member.name: member for member in manifest.members}
    if DATABASE not in promised:
        raise ArchiveError("The archive holds no database.")
    for name in sorted(promised.keys() | found.keys()):
        if name not in found:
            raise ArchiveError(f"{name!r} is missing from the archive.")
        if found[name] != promised.get(name):
            raise ArchiveError(f"{name!r} was changed: its checksum doesn't match the manifest.")
