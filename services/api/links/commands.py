"""What the recipient of a mail does by its link: under his name, by the same rules as with an account."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from fastapi import Response
from sqlalchemy import update

from services.api.deps import idempotency
from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.deps.edge import WriteRequest
from services.api.deputies.hand import NoColleagueError, name_deputy
from services.api.deputies.schemas import NewDeputy
from services.api.errors import KeyReusedError
from services.api.extensions.hand import ask_extension
from services.api.links.office import Desk, hold_of
from services.api.links.queries import IN_MAIL, MATTER, NotYoursNowError, colleagues
from services.api.links.schemas import DeputyForm, ExtensionForm
from services.api.links.states import Letter, Matter
from services.api.sending.hand import discard_hold, release_hold
from shared.errors import ConflictError
from shared.links import InvalidLinkError
from shared.models import Reminder

WRITE = "submissions:write"


class FormUsedError(ConflictError):
    """This form has been sent already, with other content; open the link of the mail again.

    Biểu mẫu này đã được gửi với nội dung khác; xin mở lại liên kết trong thư.
    """


async def once(
    request: WriteRequest, token: str, mail_id: UUID, act: Callable[[], Awaitable[Response]]
) -> Response:
    """Act by a form's token once; whoever sends it again gets the first answer."""
    key = hashlib.sha256(token.encode()).hexdigest()
    owner = idempotency.Owner(mail_id)
    try:
        # The second of a double click waits for the first instead of being refused.
        return await idempotency.first_answer(
            request.db, request, owner=owner, key=key, answer=act, waits=True
        )
    except KeyReusedError as error:
        raise FormUsedError from error


def matter_of(letter: Letter, matter_id: UUID) -> Matter:
    """Find what a form is about. Raises NotYoursNowError where it was the recipient's, and is no more."""
    matter = letter.matter(matter_id)
    if matter is None:
        raise InvalidLinkError
    if not matter.his:
        raise NotYoursNowError
    return matter


def _actor(letter: Letter, body: UUID) -> Caller:
    """Say who acts: the user of the recipient's address where there is one, so that nobody decides on his own.

    He may write for the body, and nothing else.
    """
    matter = next(each for each in letter.matters if each.his and each.facts["body_id"] == body)
    known = letter.person.id if letter.person else matter.facts["contact_id"]
    return Caller(
        id=known or matter.facts["user_id"],
        kind="link",
        name=letter.recipient_name,
        login="",
        memberships=(),
        reaches={WRITE: frozenset({body})} if matter.writes else {},
    )


async def acknowledge(
    request: WriteRequest, letter: Letter, matter: Matter, *, now: datetime
) -> bool:
    """Note that the recipient got it, on every row of the mail about it; tell whether any was not noted yet."""
    noted = (
        update(Reminder)
        .where(
            IN_MAIL,
            MATTER == matter.id,  # noqa: SIM300 a column is compared
            Reminder.acknowledged_at.is_(None),
        )
        .values(acknowledged_at=now)
        .returning(Reminder.id)
        .execution_options(synchronize_session=False)
    )
    rows = (await request.db.scalars(noted, {"mail": letter.mail_id})).all()
    if rows:
        record(
            request.db,
            _actor(letter, matter.facts["body_id"]),
            "acknowledged",
            target_of(matter),
            changes={"mail": [None, letter.mail_id], "reminders": [None, len(rows)]},
        )
    return bool(rows)


def target_of(matter: Matter) -> tuple[str, UUID]:
    if matter.facts["explanation_id"] is not None:
        return "explanation", matter.id
    return ("assignment" if matter.facts["assignment_id"] is not None else "reminder"), matter.id


async def ask(
    request: WriteRequest, letter: Letter, matter: Matter, form: ExtensionForm, *, now: datetime
) -> UUID:
    if matter.facts["explanation_id"] is not None or matter.facts["assignment_id"] is None:
        raise InvalidLinkError
    return await ask_extension(
        request.db,
        _actor(letter, matter.facts["body_id"]),
        matter.facts["assignment_id"],
        reason=form.reason,
        wished_on=form.wished_on,
        now=now,
    )


async def lend(
    request: WriteRequest, letter: Letter, body: UUID, form: DeputyForm, *, now: datetime
) -> str:
    """Name the deputy of the recipient's own membership in the body; give the deputy's name."""
    if letter.person is None or body not in letter.bodies_to_lend():
        raise NotYoursNowError
    there = await colleagues(request.read, letter.person, body, today=today_in_hanoi(now))
    chosen = next((each for each in there if each["id"] == form.deputy), None)
    if chosen is None:
        raise NoColleagueError(pointer="/deputy")
    new = NewDeputy(
        deputy=chosen["login"],
        organisation=letter.own[body][0],
        valid_from=form.valid_from,
        valid_to=form.valid_to,
        reason=form.reason,
    )
    await name_deputy(request.db, _actor(letter, body), new=new, now=now)
    return str(chosen["name"])


async def decide(
    request: WriteRequest, desk: Desk, hold_id: UUID, *, purpose: str, reason: str, now: datetime
) -> None:
    """Let the mails of a held run go, or drop them, in the name of a recipient who coordinates now."""
    hold = await hold_of(request.read, desk, hold_id)
    if not desk.decides:
        raise NotYoursNowError
    if purpose == "release":
        await release_hold(request.db, desk.reader, hold["id"], reason=reason or None, now=now)
    else:
        await discard_hold(request.db, desk.reader, hold["id"], reason=reason, now=now)
