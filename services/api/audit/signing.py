"""The key that signs the heads of the audit chain: Ed25519, in a PEM file that its owner alone reads."""

import base64
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from services.api.audit.form import canonical

# Not signed: the key comes beside the head for convenience; whoever checks has it from elsewhere.
_BESIDE = ("public_key", "signature")


class AuditKeyError(ValueError):
    """The file holds no Ed25519 key in PEM."""


class Signer:
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = public_pem(key.public_key())
        self.key_id = key_id_of(key.public_key())

    def signature(self, head: Mapping[str, Any]) -> bytes:
        return self._key.sign(_signed(head))


def _signed(head: Mapping[str, Any]) -> bytes:
    return canonical({name: value for name, value in head.items() if name not in _BESIDE})


def key_id_of(key: Ed25519PublicKey) -> str:
    """Name a key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def public_pem(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def load_signer(file: Path) -> Signer | None:
    """Read the private key; None where there is no file. Raises AuditKeyError for what is no key."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AuditKeyError(f"{file} holds no Ed25519 key in PEM.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise AuditKeyError(f"{file} holds a key of another kind than Ed25519.")
    return Signer(key)


def load_public(pem: str) -> Ed25519PublicKey:
    """Read a public key. Raises AuditKeyError for what is none."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise AuditKeyError("This is no public key in PEM.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise AuditKeyError("This is a key of another kind than Ed25519.")
    return key


def make_key(file: Path) -> bool:
    """Make the key unless there is one; tell whether it was made. A file that exists is never touched."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as target:
        target.write(content)
    return True


def is_signed(head: Mapping[str, Any], key: Ed25519PublicKey) -> bool:
    """Tell whether this key signed the head, a document as ``heads.document`` makes it."""
    try:
        signature = base64.b64decode(head["signature"], validate=True)
        key.verify(signature, _signed(head))
    except (InvalidSignature, ValueError, TypeError, KeyError):
        return False
    return True
