"""Heads of the audit chain: where it stood at the end of a day, signed, to be kept elsewhere too."""

import base64
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, bindparam, select

from services.api.audit.form import FORM, GENESIS, instant
from services.api.audit.signing import Signer
from shared.db import Reader
from shared.models import AuditHead, AuditLink

KIND = "pii-audit-head"


def _newest() -> Select[int, bytes, date]:
    link = select(AuditLink.seq, AuditLink.hash, AuditLink.day)
    return link.order_by(AuditLink.day.desc(), AuditLink.seq.desc()).limit(1)


_UNTIL = _newest().where(AuditLink.day <= bindparam("day"))
_BEFORE = _newest().where(AuditLink.day < bindparam("day"))
_HEAD = select(*AuditHead.__table__.columns).where(AuditHead.day == bindparam("day"))


async def standing(read: Reader, day: date) -> dict[str, Any]:
    """Tell where the chain stood, or stands, at the end of this day: links, last_seq, hash, previous_hash."""
    until = await read.first(_UNTIL, day=day)
    before = await read.first(_BEFORE, day=day)
    last_seq = until["seq"] if until else 0
    return {
        "day": day,
        "links": last_seq - (before["seq"] if before else 0),
        "last_seq": last_seq,
        "hash": until["hash"] if until else GENESIS,
        "previous_hash": before["hash"] if before else GENESIS,
    }


def content(
    head: Mapping[str, Any], *, sealed_at: datetime | None, key_id: str | None
) -> dict[str, Any]:
    """Make what is signed. A head that is provisional has no time: the day goes on."""
    return {
        "kind": KIND,
        "form": FORM,
        "day": head["day"].isoformat(),
        "links": head["links"],
        "last_seq": head["last_seq"],
        "hash": head["hash"].hex(),
        "previous_hash": head["previous_hash"].hex(),
        "sealed_at": instant(sealed_at) if sealed_at else None,
        "provisional": sealed_at is None,
        "key_id": key_id,
    }


def document(head: Mapping[str, Any]) -> dict[str, Any]:
    """Show a row of audit_heads as the JSON that is mailed, published and checked."""
    return {
        **content(head, sealed_at=head["sealed_at"], key_id=head["key_id"]),
        "public_key": head["public_key"],
        "signature": base64.b64encode(head["signature"]).decode(),
    }


def provisional(head: Mapping[str, Any], signer: Signer | None) -> dict[str, Any]:
    """Show a head that is not sealed; signed where there is a key."""
    shown = content(head, sealed_at=None, key_id=signer.key_id if signer else None)
    signature = base64.b64encode(signer.signature(shown)).decode() if signer else None
    return {
        **shown,
        "public_key": signer.public_key if signer else None,
        "signature": signature,
    }


async def head_of(
    read: Reader, day: date, signer: Signer | None, *, today: date
) -> dict[str, Any] | None:
    """Show a day's head: as it was sealed, else as it stands; None where the day has no link."""
    if row := await read.first(_HEAD, day=day):
        return document(row)
    if day > today:
        return None
    head = await standing(read, day)
    if not head["links"] and day != today:
        return None
    return provisional(head, signer)
