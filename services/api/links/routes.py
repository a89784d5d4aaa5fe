"""The page behind the link of a mail, and its forms.

Looking changes nothing: mail programs and scanners open every link. A form carries a token of its own, for
one purpose, which acts once.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse

from services.api.deps.clock import today_in_hanoi
from services.api.deps.edge import ReadRequest, WriteRequest
from services.api.errors import UnavailableError
from services.api.links import commands, office, pages, queries, schemas
from services.api.links.refusals import Acting, Showing, wants_page
from services.api.links.states import Letter
from services.api.links.words import DONE, Both
from shared.links import MAIL, OFFICE, Links, Opened

looking = APIRouter(prefix="/l", tags=["links"], route_class=Showing)
acting = APIRouter(prefix="/l", tags=["links"], route_class=Acting)

FORM_LIFE = timedelta(hours=2)
GONE: dict[int | str, dict[str, Any]] = {
    410: {"description": "Expired, or no longer the recipient's"}
}


def _links(request: ReadRequest) -> Links:
    links = cast("Links | None", request.state.links)
    if links is None:
        raise UnavailableError(
            "The key of links is missing; tell the administrator.",
            vi="Hệ thống thiếu khóa của liên kết; xin báo quản trị.",
        )
    return links


@looking.head("/{token}", include_in_schema=False)
@looking.get("/{token}", operation_id="openLink", response_class=HTMLResponse, responses=GONE)
async def open_link(request: ReadRequest, token: str) -> Response:
    """Show the duties of a mail as they are now, with forms. Whoever opens it changes nothing."""
    now = datetime.now(UTC)
    opened = _links(request).open(token, MAIL, now=now)
    mail = await queries.mail_opened(request.read, opened.subject[0])
    until = min(now + FORM_LIFE, opened.expires_at)
    if mail["kind"] in OFFICE:
        return await _desk(request, mail["id"], until=until, now=now)
    today = today_in_hanoi(now)
    letter = await queries.letter_opened(request.read, mail["id"], today=today)
    if not letter.is_his and not wants_page(request):
        raise queries.NotYoursNowError
    call = await queries.whom_to_call(request.read)
    forms = await _forms(request, letter, until=until, now=now)
    return pages.letter(letter, call=call, forms=forms, today=today)


async def _desk(request: ReadRequest, mail_id: UUID, *, until: datetime, now: datetime) -> Response:
    """Show what a mail to the office leads to: the board, a held run with its forms, or the alarms."""
    desk = await office.desk_opened(request.read, mail_id)
    if desk.kind == "summary":
        return pages.board(desk, await office.boards(request.read, desk, now=now), now=now)
    if desk.kind == "alarm":
        alarms, more = await office.standing_alarms(request.read)
        return pages.alarms(desk, alarms, more=more, now=now)
    hold = await office.hold_of(request.read, desk)
    links = _links(request)
    forms = {
        purpose: f"/l/{links.sign(purpose, (mail_id, hold['id']), expires_at=until)}/{purpose}"
        for purpose in hold["allowed_actions"]
    }
    return pages.hold(desk, hold, forms=forms, now=now)


async def _forms(
    request: ReadRequest, letter: Letter, *, until: datetime, now: datetime
) -> pages.Forms:
    links = _links(request)

    def address(purpose: str, about: UUID) -> str:
        token = links.sign(purpose, (letter.mail_id, about), expires_at=until)
        return f"/l/{token}/{purpose}"

    deputies = []
    for body, (_, name) in letter.bodies_to_lend().items():
        assert letter.person is not None  # whose bodies they are
        people = await queries.colleagues(
            request.read, letter.person, body, today=today_in_hanoi(now)
        )
        deputies.append((name, address("deputy", body), people))
    return pages.Forms(
        acknowledge={
            each.id: address("acknowledge", each.id)
            for each in letter.matters
            if each.may_acknowledge
        },
        extension={
            each.id: address("extension", each.id) for each in letter.matters if each.may_ask
        },
        deputies=deputies,
    )


async def _sent(
    request: WriteRequest, token: str, purpose: str, *, now: datetime
) -> tuple[Letter, UUID, Opened]:
    opened = _links(request).open(token, purpose, now=now)
    mail_id, about = opened.subject
    letter = await queries.letter_opened(request.read, mail_id, today=today_in_hanoi(now))
    return letter, about, opened


def _back(request: WriteRequest, opened: Opened) -> str:
    """Lead back to the mail's page as long as the form would have held, and no longer: a chain of pages ends."""
    mail_id = opened.subject[0]
    return f"/l/{_links(request).sign(MAIL, mail_id, expires_at=opened.expires_at)}"


def _done(
    request: WriteRequest, letter: Letter, opened: Opened, what: str, *details: Both
) -> Response:
    back = _back(request, opened)
    return pages.done(DONE[what], details=details, back=back, made_up=letter.made_up)


@acting.post(
    "/{token}/acknowledge",
    operation_id="acknowledgeByLink",
    response_class=HTMLResponse,
    responses=GONE,
)
async def acknowledge(request: WriteRequest, token: str) -> Response:
    """Note that the recipient got what the mail said about one duty."""
    now = datetime.now(UTC)
    letter, about, opened = await _sent(request, token, "acknowledge", now=now)

    async def act() -> Response:
        matter = commands.matter_of(letter, about)
        noted = await commands.acknowledge(request, letter, matter, now=now)
        return _done(request, letter, opened, "acknowledged" if noted else "already")

    return await commands.once(request, token, letter.mail_id, act)


@acting.post(
    "/{token}/extension",
    operation_id="askExtensionByLink",
    response_class=HTMLResponse,
    responses=GONE,
)
async def extension(
    request: WriteRequest, token: str, form: Annotated[schemas.ExtensionForm, Form()]
) -> Response:
    """Ask for more time in the recipient's name, by the same rules as with an account."""
    now = datetime.now(UTC)
    letter, about, opened = await _sent(request, token, "extension", now=now)

    async def act() -> Response:
        matter = commands.matter_of(letter, about)
        await commands.ask(request, letter, matter, form, now=now)
        day = f"{form.wished_on:%d/%m/%Y}"
        told = Both(f"Hạn mới đề nghị: {day}. Xin chờ quyết định.", f"New deadline wished: {day}.")
        return _done(request, letter, opened, "asked", told)

    return await commands.once(request, token, letter.mail_id, act)


@acting.post(
    "/{token}/deputy", operation_id="nameDeputyByLink", response_class=HTMLResponse, responses=GONE
)
async def deputy(
    request: WriteRequest, token: str, form: Annotated[schemas.DeputyForm, Form()]
) -> Response:
    """Name who stands in for the recipient in one body."""
    now = datetime.now(UTC)
    letter, about, opened = await _sent(request, token, "deputy", now=now)

    async def act() -> Response:
        name = await commands.lend(request, letter, about, form, now=now)
        days = f"{form.valid_from:%d/%m/%Y} – {form.valid_to:%d/%m/%Y}"
        return _done(request, letter, opened, "named", Both(f"{name}: {days}", f"{name}: {days}"))

    return await commands.once(request, token, letter.mail_id, act)


async def _decide(request: WriteRequest, token: str, purpose: str, reason: str) -> Response:
    now = datetime.now(UTC)
    opened = _links(request).open(token, purpose, now=now)
    mail_id, hold_id = opened.subject
    desk = await office.desk_opened(request.read, mail_id)

    async def act() -> Response:
        await commands.decide(request, desk, hold_id, purpose=purpose, reason=reason, now=now)
        return pages.done(DONE[purpose], back=_back(request, opened), made_up=False)

    return await commands.once(request, token, mail_id, act)


@acting.post(
    "/{token}/release", operation_id="releaseByLink", response_class=HTMLResponse, responses=GONE
)
async def release(
    request: WriteRequest, token: str, form: Annotated[schemas.ReleaseForm, Form()]
) -> Response:
    """Let the mails of a held run go out, by the link of the mail about it."""
    return await _decide(request, token, "release", form.reason)


@acting.post(
    "/{token}/discard", operation_id="discardByLink", response_class=HTMLResponse, responses=GONE
)
async def discard(
    request: WriteRequest, token: str, form: Annotated[schemas.DiscardForm, Form()]
) -> Response:
    """Drop the mails of a held run, by the link of the mail about it."""
    return await _decide(request, token, "discard", form.reason)


routers = (looking, acting)
