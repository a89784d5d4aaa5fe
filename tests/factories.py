"""Small steps that bring a test to where it starts, through the API as people take them."""

import io
import zipfile
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import Assignment, Node, Organisation, Period
from tests.cast import Cast, Person

PERIOD = "ky-2024"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 32


def office_file(*names: str) -> bytes:
    """Make a ZIP with these members, as DOCX and XLSX are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "<x/>")  # the same bytes at any time
    return packed.getvalue()


def archive(files: dict[str, bytes], *, packed: int = zipfile.ZIP_STORED) -> bytes:
    """Make a ZIP of these files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packed) as file:
        for name, content in files.items():
            file.writestr(zipfile.ZipInfo(name), content, packed)
    return made.getvalue()


DOCX = office_file("[Content_Types].xml", "word/document.xml")
XLSX = office_file("[Content_Types].xml", "xl/workbook.xml")


def body(response: Response, status: int = 200) -> Any:
    """Read the answer's JSON after its status was checked; a failure shows the whole problem."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    return response.json() if response.content else None


async def drafted_period(
    client: AsyncClient,
    cast: Cast,
    *,
    code: str = PERIOD,
    due_on: str = "2030-06-30",
    reference_year: int = 2024,
) -> dict[str, Any]:
    values = {
        "code": code,
        "name": f"Kỳ {code}",
        "framework": 2024,
        "reference_year": reference_year,
        "due_on": due_on,
    }
    made = await client.post("/v1/periods", json=values, headers=cast.coordinator.headers)
    period: dict[str, Any] = body(made, 201)
    return period


async def opened_period(
    client: AsyncClient,
    cast: Cast,
    *,
    code: str = PERIOD,
    due_on: str = "2030-06-30",
    reference_year: int = 2024,
) -> dict[str, Any]:
    await drafted_period(client, cast, code=code, due_on=due_on, reference_year=reference_year)
    opened = await client.post(f"/v1/periods/{code}/open", headers=cast.coordinator.headers)
    period: dict[str, Any] = body(opened)
    return period


async def closed_period(client: AsyncClient, cast: Cast, *, code: str = PERIOD) -> None:
    left = {"leave_unfinished": True}
    closed = await client.post(
        f"/v1/periods/{code}/close", json=left, headers=cast.coordinator.headers
    )
    body(closed)


def period_of(duty: UUID) -> Any:
    """Name the duty's period, for a line of the ledger that a test writes itself."""
    return select(Assignment.period_id).where(Assignment.id == duty).scalar_subquery()


async def assignment_of(
    client: AsyncClient,
    cast: Cast,
    indicator: str = "2.1.1",
    *,
    organisation: str = "so-gddt",
    period: str = PERIOD,
) -> dict[str, Any]:
    """Find the duty of a body in a period."""
    found = await client.get(
        "/v1/assignments",
        params={"period": period, "indicator": indicator, "organisation": organisation},
        headers=cast.coordinator.headers,
    )
    (assignment,) = body(found)["items"]
    duty: dict[str, Any] = assignment
    return duty


async def drafted(
    client: AsyncClient, person: Person, assignment_id: str, **content: Any
) -> dict[str, Any]:
    content = content or {"value": 6.5}
    made = await client.post(
        f"/v1/assignments/{assignment_id}/submissions", json=content, headers=person.headers
    )
    draft: dict[str, Any] = body(made, 201)
    return draft


async def attached(
    client: AsyncClient,
    person: Person,
    submission_id: str,
    *,
    filename: str = "bao-cao.pdf",
    content: bytes = PDF,
    **said: Any,
) -> dict[str, Any]:
    """Attach a document that states the draft's figure and where, unless something else is said."""
    path = f"/v1/submissions/{submission_id}"
    value = (await client.get(path, headers=person.headers)).json().get("value")
    said = {"place": "tr. 1", **({} if value is None else {"stated": repr(value)}), **said}
    sent = await client.post(
        f"/v1/submissions/{submission_id}/evidence",
        files={"file": (filename, content, "application/octet-stream")},
        data=said,
        headers=person.headers,
    )
    evidence: dict[str, Any] = body(sent, 201)
    return evidence


async def done(
    client: AsyncClient, person: Person, submission_id: str, action: str, reason: str = ""
) -> dict[str, Any]:
    """Take one step of the workflow that must succeed."""
    response = await act(client, person, submission_id, action, reason)
    submission: dict[str, Any] = body(response)
    return submission


async def act(
    client: AsyncClient, person: Person, submission_id: str, action: str, reason: str = ""
) -> Response:
    content = {"evidence_seen": True} if action == "accept" else {"reason": reason}
    return await client.post(
        f"/v1/submissions/{submission_id}/{action}",
        json=content if reason or action == "accept" else None,
        headers=person.headers,
    )


async def submitted(
    client: AsyncClient, person: Person, assignment_id: str, **content: Any
) -> dict[str, Any]:
    """Draft, prove and submit."""
    draft = await drafted(client, person, assignment_id, **content)
    await attached(client, person, draft["id"])
    return await done(client, person, draft["id"], "submit")


async def accepted(
    client: AsyncClient, cast: Cast, assignment_id: str, **content: Any
) -> dict[str, Any]:
    sent = await submitted(client, cast.officer, assignment_id, **content)
    return await done(client, cast.coordinator, sent["id"], "accept")


async def officers_duty(client: AsyncClient, cast: Cast) -> dict[str, Any]:
    """Open a period and take the duty that most tests are about: 2.1.1 of Sở Giáo dục và Đào tạo."""
    await opened_period(client, cast)
    return await assignment_of(client, cast)


async def duty_id(session: AsyncSession, indicator: str, organisation: str) -> UUID:
    """Find a duty in the only open period, below the API."""
    found = await session.scalar(
        select(Assignment.id)
        .join(Node, Node.id == Assignment.node_id)
        .join(Organisation, Organisation.id == Assignment.organisation_id)
        .join(Period, Period.id == Assignment.period_id)
        .where(Node.code == indicator, Organisation.code == organisation, Period.state == "open")
    )
    assert found is not None
    return found


def pointers(problem: dict[str, Any]) -> list[str]:
    """List where a problem document says the fault is."""
    return [entry.get("pointer", entry.get("parameter", "")) for entry in problem["errors"]]
