"""Every route of the OpenAPI × every role × own and foreign object; a route without an expectation fails."""

from typing import Any, NamedTuple

import pytest
from httpx import AsyncClient, Response

from services.api.app import create_app
from shared.settings import Settings
from tests.api.conftest import Stage
from tests.api.scene import BODIES, PANEL, WEBHOOK
from tests.cast import ROLES
from tests.factories import PDF, body

COLUMNS = ("admin", "coordinator", "own", "foreign", "leader", "viewer")
# Y: may. F: is told that he may not (403). N: is not told that it is there (404).
EVERYBODY, NOT_ADMIN = "YYYYYY", "FYYYYY"
ADMIN, COORDINATOR, AUDIT = "YFFFFF", "FYFFFF", "YYFFYF"
ADMIN_AND_COORDINATOR = "YYFFFF"
OWN_DRAFT, SENT, TAKEN = "NNYNNN", "NYYNYN", "NYYNYY"
REASON = {"reason": "thiếu trang 2"}
STATUS = {"F": 403, "N": 404}


class Call(NamedTuple):
    """One valid request: who may make it, which things its path names, what it carries."""

    may: str
    path: dict[str, str] = {}  # noqa: RUF012 never changed
    json: Any = None
    upload: bool = False
    form: tuple[str, bytes] | None = None  # a file with its name, sent with a source
    query: str = ""
    success: int | None = None  # where right and wrong are told apart by something else than 2xx


NEW_USER = {
    "login": "moi",
    "name": "Mới",
    "email": "moi@example.org",
    "password": "mot-mat-khau-dai",
}
PASSWORDS = {"current_password": "x", "new_password": "mot-mat-khau-dai"}
NEW_PERIOD = {
    "code": "ky-moi",
    "name": "Kỳ mới",
    "framework": 2024,
    "reference_year": 2024,
    "due_on": "2030-01-01",
}
NEW_DUTY = {
    "framework": 2024,
    "node": "2.2.1",
    "organisation": "so-nv",
    "role": "cooperating",
    "legal_basis": "Quyết định thử",
    "valid_from": "2024-08-06",
}
SEEN = {"evidence_seen": True}
WORD = {"text": "Trang 2 ở đâu?"}
USER, KEY, NODE = {"user_id": "user"}, {"key_id": "key"}, {"year": "year", "code": "node"}
YEAR, DRAFT_YEAR = {"year": "year"}, {"year": "draft_year"}
BODY, CONTACT, DUTY = {"code": "body"}, {"contact_id": "contact"}, {"assignment_id": "assignment"}
PERIOD, RUN, POLICY = {"code": "period"}, {"run_id": "run"}, {"policy_id": "policy"}
TEMPLATE = {"code": "template"}
NEW_TEMPLATE = {"code": "khac", "name": "Khác", "words_vi": "Đề nghị làm ngay."}
DRAFT, WAITING, ACCEPTED = (
    {"submission_id": "draft"},
    {"submission_id": "waiting"},
    {"submission_id": "taken"},
)
FIGURES_FILE = b"assignment,version,value\n00000000-0000-4000-8000-000000000000,r0,\n"  # an empty row: passed over
EXTENSION = {"extension_id": "extension"}
HOOK, DELIVERY = {"webhook_id": "webhook"}, {"delivery_id": "delivery"}
EXPLANATION, DEPUTY = {"explanation_id": "explanation"}, {"deputy_id": "deputy"}
NEW_EXPLANATION = {
    "period": "ky-2024",
    "indicator": "2.1.1",
    "organisation": "so-gddt",
    "question": "Vì sao giảm?",
    "due_on": "2030-07-10",
}
NEW_DEPUTY = {"deputy": "khong-ai", "valid_from": "2030-01-01", "valid_to": "2030-01-31"}
HOLD = {"hold_id": "hold"}
STANDING = {"responsibility_id": "responsibility"}
HANDOVER, HANDED_OVER = {"handover_id": "handover"}, {"handover_id": "handed_over"}
NEW_HANDOVER = {
    "kind": "merge",
    "from": ["so-tp"],
    "to": "catp",
    "effective_on": "2025-03-01",
    "basis": {"title": "Quyết định thử"},
}
CHANGES_FILE = (
    "from,to,to_name_vi,effective_on,kind\nso-khdt,so-tc,Sở Tài chính,2025-03-01,merged into\n"
).encode()
BOUNCE = {
    "message_id": "<khong-co@pii.example.vn>",
    "recipient": "hoa@example.vn",
    "action": "failed",
    "status": "5.1.1",
}
OF_PERIOD = {"period": "ky-2024"}
PACK = {"pack_id": "pack"}
CALENDAR_FILE = "day,kind,name\n2024-01-01,off,Tết dương lịch\n".encode()
PANEL_FILE = "code,name,2.1.1\nha-noi,Hà Nội,7\nhue,Huế,6.5\n".encode()
RESULTS_FILE = "locality,node,score,rank,units_ranked\nHà Nội,PII,60.76,1,63\n".encode()

CALLS: dict[str, list[Call]] = {
    "me": [Call(EVERYBODY)],
    "signOut": [Call(EVERYBODY)],
    "changePassword": [Call(EVERYBODY, json=PASSWORDS, success=422)],  # nobody of the cast has one
    "listUsers": [Call(ADMIN)],
    "createUser": [Call(ADMIN, json=NEW_USER)],
    "getUser": [Call(ADMIN, USER)],
    "changeUser": [Call(ADMIN, USER, {"name": "Khác"})],
    "addMembership": [Call(ADMIN, USER, {"organisation": "so-gddt", "role": "officer"})],
    "endMembership": [Call(ADMIN, {**USER, "membership_id": "membership"})],
    "getPersonalData": [Call(ADMIN, USER)],
    "erasePersonalData": [Call(ADMIN, USER, REASON)],
    "getContactData": [Call(ADMIN, CONTACT)],
    "eraseContactData": [Call(ADMIN, CONTACT, REASON)],
    "listApiKeys": [Call(ADMIN)],
    "createApiKey": [
        Call(ADMIN, json={"name": "k", "scopes": ["plan:read"], "expires_on": "2030-01-01"})
    ],
    "getApiKey": [Call(ADMIN, KEY)],
    "revokeApiKey": [Call(ADMIN, KEY)],
    "listFrameworks": [Call(EVERYBODY)],
    "getFramework": [Call(EVERYBODY, YEAR)],
    "createFramework": [Call(COORDINATOR, json={"year": 2030, "copy_of": 2024})],
    "changeFramework": [Call(COORDINATOR, YEAR, {"name_en": "Renamed"})],
    "deleteFramework": [Call(COORDINATOR, DRAFT_YEAR)],
    "publishFramework": [Call(COORDINATOR, DRAFT_YEAR)],
    "retireFramework": [Call(COORDINATOR, YEAR, REASON)],
    "listFrameworkVersions": [Call(EVERYBODY, YEAR)],
    "getFrameworkVersion": [Call(EVERYBODY, {**YEAR, "revision": "framework_revision"})],
    "getFrameworkDifference": [Call(EVERYBODY, YEAR, query="from=2024")],
    "addNode": [
        Call(COORDINATOR, DRAFT_YEAR, {"code": "2.1.9", "kind": "indicator", "parent": "2.1"})
    ],
    "dropNode": [Call(COORDINATOR, {**DRAFT_YEAR, "code": "node"})],
    "getNode": [Call(EVERYBODY, NODE)],
    "changeNode": [Call(COORDINATOR, NODE, {"weight": 0.5, "reason": "Công văn của bộ"})],
    "listIndicators": [Call(EVERYBODY)],
    "getIndicator": [Call(EVERYBODY, {"code": "node"})],
    "getIndicatorRules": [Call(EVERYBODY, {"code": "node"})],
    "setIndicatorRules": [Call(COORDINATOR, {"code": "node"}, {"scale": 100.0})],
    "listReviewRules": [Call(EVERYBODY)],
    "getReviewRule": [Call(EVERYBODY, BODY)],
    "setReviewRule": [Call(COORDINATOR, BODY, {"kind": "second_reviewer"})],
    "listOrganisations": [Call(EVERYBODY)],
    "getOrganisation": [Call(EVERYBODY, BODY)],
    "createOrganisation": [
        Call(COORDINATOR, json={"code": "so-moi", "name_vi": "Sở mới", "kind": "department"})
    ],
    "changeOrganisation": [Call(COORDINATOR, BODY, {"name_en": "Renamed"})],
    "listContacts": [Call("FYYFYF", BODY)],
    "createContact": [Call(COORDINATOR, BODY, {"name": "B", "email": "b@example.org"})],
    "getContact": [Call("FYYNYF", CONTACT)],
    "changeContact": [Call(COORDINATOR, CONTACT, {"name": "C"})],
    "listResponsibilities": [Call(EVERYBODY)],
    "createResponsibility": [Call(COORDINATOR, json=NEW_DUTY)],
    "getResponsibility": [Call(EVERYBODY, STANDING)],
    "changeResponsibility": [Call(COORDINATOR, STANDING, {"note": "Khác", "reason": "Gõ nhầm"})],
    "endResponsibility": [Call(COORDINATOR, STANDING, {"valid_to": "2030-01-01"})],
    "listHandovers": [Call("FYYYYF")],
    "planHandover": [Call(COORDINATOR, json=NEW_HANDOVER)],
    "importHandovers": [
        Call(COORDINATOR, form=("s.csv", CHANGES_FILE)),
        Call(COORDINATOR, form=("s.csv", CHANGES_FILE), query="dry_run=true"),
    ],
    "getHandover": [Call("FYYNYF", HANDOVER)],
    "previewHandover": [Call("FYYNYF", HANDOVER)],
    "getHandoverReceipt": [Call("FYYNYF", HANDED_OVER)],
    "changeHandover": [Call(COORDINATOR, HANDOVER, {"note": "Đã thống nhất"})],
    "cancelHandover": [Call(COORDINATOR, HANDOVER, REASON)],
    "carryOutHandover": [Call(COORDINATOR, HANDOVER)],
    "reverseHandover": [
        Call(COORDINATOR, HANDED_OVER, {"reason": "thu hồi", "effective_on": "2025-04-01"})
    ],
    "getCalendar": [
        Call(EVERYBODY, YEAR),
        Call(EVERYBODY, YEAR, query="format=csv"),
        Call(EVERYBODY, YEAR, query="format=xlsx"),
    ],
    "setCalendar": [Call(COORDINATOR, YEAR, {"days": []})],
    "fillCalendar": [Call(COORDINATOR, YEAR)],
    "importCalendar": [
        Call(COORDINATOR, YEAR, form=("c.csv", CALENDAR_FILE)),
        Call(COORDINATOR, YEAR, form=("c.csv", CALENDAR_FILE), query="dry_run=true"),
    ],
    "listPeriods": [Call(EVERYBODY)],
    "createPeriod": [Call(COORDINATOR, json=NEW_PERIOD)],
    "getPeriod": [Call(EVERYBODY, PERIOD)],
    "changePeriod": [Call(COORDINATOR, PERIOD, {"name": "Tên khác"})],
    "previewOpening": [Call(COORDINATOR, PERIOD)],
    "proposePeriod": [Call(EVERYBODY, query="span=month")],
    "listPeriodDeadlines": [Call(EVERYBODY, PERIOD)],
    "setPeriodDeadlines": [Call(COORDINATOR, PERIOD, {"deadlines": []})],
    "applyPeriodDeadlines": [Call(COORDINATOR, PERIOD)],
    "openPeriod": [Call(COORDINATOR, {"code": "draft_period"})],
    "closePeriod": [Call(COORDINATOR, PERIOD, {"leave_unfinished": True})],
    "reopenPeriod": [Call(COORDINATOR, PERIOD, REASON, success=409)],
    "listFigures": [
        Call("FYYYYF", PERIOD),
        Call("FYYYYF", PERIOD, query="format=csv"),
        Call("FYYYYF", PERIOD, query="format=xlsx"),
    ],
    "importFigures": [
        Call("FFYYFF", PERIOD, form=("f.csv", FIGURES_FILE)),
        Call("FFYYFF", PERIOD, {"rows": [{"assignment": "{assignment}", "version": "r0"}]}),
    ],
    "listAssignments": [Call("FYYYYF")],
    "getAssignment": [Call("FYYNYF", DUTY)],
    "changeAssignment": [Call(COORDINATOR, DUTY, {"due_on": "2031-01-01", "reason": "Bộ lùi hạn"})],
    "excuseDuty": [Call(COORDINATOR, DUTY, REASON)],
    "liftExcuse": [Call("FYFFFF", DUTY, REASON, success=409)],
    "listContributions": [Call("FYYNYF", DUTY)],
    "contribute": [Call("FFFNFF", DUTY, {"note": "Số liệu phối hợp"})],
    "listExtensions": [Call("FYYYYF")],
    "listDutyExtensions": [Call("FYYNYF", DUTY)],
    "askExtension": [
        Call("FYYNFF", DUTY, {"reason": "Chờ số liệu", "wished_on": "2030-07-10"}),
    ],
    "getExtension": [Call("FYYNYF", EXTENSION)],
    "grantExtension": [Call("FYFNFF", EXTENSION, {"reason": "Đồng ý"})],
    "refuseExtension": [Call("FYFNFF", EXTENSION, {"reason": "Không đủ căn cứ"})],
    "withdrawExtension": [Call("FFYNFF", EXTENSION)],
    "listExplanations": [Call("FYYYYF")],
    "getExplanation": [Call("FYYNYF", EXPLANATION)],
    "askExplanation": [Call("FYFFYF", json=NEW_EXPLANATION)],
    "answerExplanation": [Call("FFYNFF", EXPLANATION, {"answer": "Do đổi cách tính"})],
    "closeExplanation": [Call("FYFNYF", EXPLANATION, {"remark": "Đã rõ"})],
    "listDeputies": [Call("FYYYYF")],
    "getDeputy": [Call("FYYNYF", DEPUTY)],
    # Nobody of this login: who may name a deputy is told so.
    "nameDeputy": [Call("FFYYFF", json=NEW_DEPUTY, success=422)],
    "endDeputy": [Call("FFYNFF", DEPUTY)],
    "getBoard": [
        Call("FYYYYF", query="period=ky-2024"),
        Call("FYYYYF", query="period=ky-2024&format=csv"),
        Call("FYYYYF", query="period=ky-2024&format=xlsx"),
    ],
    "getFollowUp": [Call("FYYYYF", query="period=ky-2024")],
    "listSubmissions": [Call(NOT_ADMIN)],
    "getSubmission": [Call(OWN_DRAFT, DRAFT), Call(SENT, WAITING), Call(TAKEN, ACCEPTED)],
    "changeSubmission": [Call(OWN_DRAFT, DRAFT, {"value": 4})],
    "createSubmission": [Call("NFYNFN", DUTY, {"value": 4})],
    "submit": [Call(OWN_DRAFT, DRAFT)],
    "withdraw": [Call(OWN_DRAFT, DRAFT), Call("NFYNFN", WAITING)],
    "accept": [Call("NYFNFN", WAITING, {"evidence_seen": True})],
    "decideMany": [
        Call(COORDINATOR, json={"items": [{"id": "{waiting}", **SEEN}], "action": "accept"})
    ],
    "listComments": [
        Call(OWN_DRAFT, DRAFT),
        Call("NYYNYN", WAITING),
        Call("NYYNYF", ACCEPTED),
    ],
    "addComment": [Call(OWN_DRAFT, DRAFT, {"text": "Vì sao?"}), Call("NYYNFN", WAITING, WORD)],
    "returnForCorrection": [Call("NYFNFN", WAITING, REASON)],
    "reject": [Call("NYFNFN", WAITING, REASON)],
    "reopen": [Call("NYFNFF", ACCEPTED, REASON)],
    "attachEvidence": [
        Call(OWN_DRAFT, DRAFT, upload=True),
        Call(OWN_DRAFT, DRAFT, {"evidence": "{evidence_of_taken}"}),
        Call(OWN_DRAFT, DRAFT, {"url": "https://example.org/nien-giam.pdf"}),
    ],
    "stateFigure": [
        Call(
            OWN_DRAFT,
            {**DRAFT, "evidence_id": "evidence_of_draft"},
            {"stated": 5, "place": "tr. 2"},
        )
    ],
    "detachEvidence": [Call(OWN_DRAFT, {**DRAFT, "evidence_id": "evidence_of_draft"})],
    "getEvidence": [
        Call(OWN_DRAFT, {"evidence_id": "evidence_of_draft"}),
        Call(TAKEN, {"evidence_id": "evidence_of_taken"}),
    ],
    "getEvidenceContent": [
        Call(OWN_DRAFT, {"evidence_id": "evidence_of_draft"}),
        Call(TAKEN, {"evidence_id": "evidence_of_taken"}),
    ],
    "removeEvidence": [Call(OWN_DRAFT, {"evidence_id": "evidence_of_draft"})],
    "makePack": [Call(COORDINATOR, PERIOD, {})],
    "listPacks": [Call("FYFFYF", PERIOD)],
    "getPack": [Call("FYFFYF", PACK)],
    "getPackContent": [Call("FYFFYF", PACK)],
    "getPackLetter": [Call("FYFFYF", PACK)],
    "getPanel": [Call(NOT_ADMIN, {"period": "period"})],
    "loadPanel": [Call(COORDINATOR, {"period": "period"}, PANEL)],
    "importPanel": [Call(COORDINATOR, {"period": "period"}, form=("p.csv", PANEL_FILE))],
    "listOfficialResults": [Call(EVERYBODY)],
    "importOfficialResults": [
        Call(COORDINATOR, form=("r.csv", RESULTS_FILE), query="year=2024"),
        Call(COORDINATOR, form=("r.csv", RESULTS_FILE), query="year=2024&dry_run=true"),
    ],
    "getReconciliation": [Call(NOT_ADMIN, query="period=ky-2024")],
    "getIndex": [Call(NOT_ADMIN)],
    "getProfile": [
        Call(NOT_ADMIN),
        Call(NOT_ADMIN, query="format=csv"),
        Call(NOT_ADMIN, query="format=svg"),
    ],
    "askUncertainty": [Call(NOT_ADMIN, json=OF_PERIOD)],
    "listAnalyses": [Call(NOT_ADMIN)],
    "getAnalysis": [Call(NOT_ADMIN, {"analysis_id": "analysis"})],
    "askWhatIf": [Call(NOT_ADMIN, json={**OF_PERIOD, "changes": [{"code": "2.1.1", "value": 5}]})],
    "getLeverage": [Call(NOT_ADMIN, query="period=ky-2024")],
    "getDefence": [Call(NOT_ADMIN, query="period=ky-2024")],
    "seekGoal": [Call(NOT_ADMIN, query="period=ky-2024&target_rank=1")],
    "getUncertainty": [Call(NOT_ADMIN, query="period=ky-2024&draws=100")],
    "getRunDifference": [Call(NOT_ADMIN, RUN, query="since={run}")],
    "getTrend": [Call(NOT_ADMIN)],
    "tryFramework": [Call(NOT_ADMIN, DRAFT_YEAR, OF_PERIOD)],
    "listRuns": [Call(NOT_ADMIN)],
    "getRun": [Call(NOT_ADMIN, RUN)],
    "listRunNodes": [Call(NOT_ADMIN, RUN)],
    "getRunNode": [Call(NOT_ADMIN, {**RUN, "code": "node"})],
    "listReminders": [
        Call("FYYYYF"),
        Call("FYYYYF", query="format=csv"),
        Call("FYYYYF", query="format=xlsx"),
    ],
    "previewReminders": [Call("FYYYYF")],
    "getDutyReminders": [Call("FYYNYF", DUTY)],
    "getDutyPolicy": [Call("FYYNYF", DUTY)],
    "getExplanationReminders": [Call("FYYNYF", EXPLANATION)],
    "getExplanationPolicy": [Call("FYYNYF", EXPLANATION)],
    "listFeeds": [Call("FYYYYF")],
    "createFeed": [Call("FYYFYF", json={"organisation": "so-gddt"})],
    "listReminderPolicies": [Call(EVERYBODY)],
    "createReminderPolicy": [Call(COORDINATOR, json={"name": "Báo cáo", "kind": "report"})],
    "getReminderPolicy": [Call(EVERYBODY, POLICY)],
    "changeReminderPolicy": [Call(COORDINATOR, POLICY, {"active": False})],
    "deleteReminderPolicy": [Call(COORDINATOR, POLICY)],
    "listReminderTemplates": [Call(EVERYBODY)],
    "createReminderTemplate": [Call(COORDINATOR, json=NEW_TEMPLATE)],
    "getReminderTemplate": [Call(EVERYBODY, TEMPLATE)],
    "changeReminderTemplate": [Call(COORDINATOR, TEMPLATE, {"name": "Khác"})],
    "listTemplateVersions": [Call(EVERYBODY, TEMPLATE)],
    "getReminderSettings": [Call(COORDINATOR)],
    "setReminderSettings": [Call(COORDINATOR, json={"most_mails": 500})],
    "listReminderHolds": [Call(COORDINATOR)],
    "getReminderHold": [Call(COORDINATOR, HOLD)],
    "releaseReminderHold": [Call(COORDINATOR, HOLD)],
    "discardReminderHold": [Call(COORDINATOR, HOLD, REASON)],
    "listMails": [Call("FYYYYF")],
    "getMail": [Call("FYYNYF", {"mail_id": "mail"})],
    "sendTestMail": [Call(COORDINATOR, json={"address": "thu@example.org"})],
    "listSuppressed": [Call(COORDINATOR)],
    "liftSuppressed": [Call(COORDINATOR, {"address_id": "suppressed"})],
    "listAlarms": [Call(COORDINATOR)],
    "listWebhooks": [Call(ADMIN_AND_COORDINATOR)],
    "createWebhook": [Call(ADMIN_AND_COORDINATOR, json=WEBHOOK)],
    "getWebhook": [Call(ADMIN_AND_COORDINATOR, HOOK)],
    "changeWebhook": [Call(ADMIN_AND_COORDINATOR, HOOK, {"active": False})],
    "deleteWebhook": [Call(ADMIN_AND_COORDINATOR, HOOK)],
    "rotateWebhookSecret": [Call(ADMIN_AND_COORDINATOR, HOOK, {"overlap_hours": 1})],
    "enableWebhook": [Call(ADMIN_AND_COORDINATOR, HOOK)],
    "pingWebhook": [Call(ADMIN_AND_COORDINATOR, HOOK)],
    "listWebhookDeliveries": [Call(ADMIN_AND_COORDINATOR, HOOK)],
    "getWebhookDelivery": [Call(ADMIN_AND_COORDINATOR, DELIVERY)],
    "resendWebhookDelivery": [Call(ADMIN_AND_COORDINATOR, DELIVERY)],
    "listAudit": [Call(AUDIT), Call(AUDIT, query="format=csv")],
    "listAuditHeads": [Call(AUDIT)],
    "takeBounce": [Call(COORDINATOR, json=BOUNCE)],
    "getAuditHead": [Call(AUDIT, {"day": "today"})],
    "verifyAudit": [Call(AUDIT)],
}
OF_A_BODY = {
    "body",
    "assignment",
    "draft",
    "waiting",
    "taken",
    "evidence_of_draft",
    "evidence_of_taken",
    "contact",
    "handover",
    "handed_over",
    "extension",
    "explanation",
    "deputy",
    "mail",
}
NEEDS_MATCH = {  # beside every PATCH
    "importCalendar",
    "publishFramework",
    "setCalendar",
    "setIndicatorRules",
    "setPeriodDeadlines",
    "setReminderSettings",
    "setReviewRule",
}
PUBLIC = {"live", "ready", "metrics", "signIn", "refreshSignIn"}
# What stands in their address is the right itself.
OWN_ALONE = {"getFeed", "revokeFeed"}  # a colleague of the same role is a stranger
BY_ADDRESS = {
    "openLink",
    "acknowledgeByLink",
    "releaseByLink",
    "discardByLink",
    "askExtensionByLink",
    "nameDeputyByLink",
    "readFeed",
}


def _operations() -> dict[str, tuple[str, str]]:
    settings = Settings.model_construct(
        database_url="postgresql+asyncpg://", redis_url="redis://", body_limit=1_048_576
    )
    paths: dict[str, Any] = create_app(settings).openapi()["paths"]
    return {
        operation["operationId"]: (method.upper(), path)
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


OPERATIONS = _operations()


def filled(told: Any, things: dict[str, str]) -> Any:
    """Put things where their names stand in braces."""
    if isinstance(told, dict):
        return {name: filled(value, things) for name, value in told.items()}
    if isinstance(told, list):
        return [filled(value, things) for value in told]
    return told.format_map(things) if isinstance(told, str) else told


async def send(
    client: AsyncClient,
    operation: str,
    call: Call,
    things: dict[str, str],
    headers: dict[str, str],
) -> Response:
    method, path = OPERATIONS[operation]
    path = path.format_map({name: things[thing] for name, thing in call.path.items()})
    if call.query:
        path += f"?{call.query.format_map(things)}"
    if method == "PATCH" or operation in NEEDS_MATCH:
        headers = {**headers, "if-match": "*"}
    content: dict[str, Any] = {} if call.json is None else {"json": filled(call.json, things)}
    if call.upload:
        content = {"files": {"file": ("a.pdf", PDF, "application/pdf")}}
    if call.form:
        content = {"files": {"file": call.form}}
        if operation not in {"importHandovers", "importFigures", "importCalendar"}:
            content["data"] = {"source": "thử nghiệm"}
    return await client.request(method, path, headers=headers, **content)


def column_of(person: str, place: str) -> int:
    """Find the expectation: officers and heads are at home in one body and foreign in the others."""
    role, home = ROLES[person]
    if role in {"officer", "head"}:
        return COLUMNS.index("own" if home == place else "foreign")
    return COLUMNS.index(role)


def as_expected(call: Call, expected: str, status: int) -> bool:
    if expected != "Y":
        return status == STATUS[expected]
    return status == call.success if call.success else 200 <= status < 300


def test_every_route_has_an_expectation_and_no_expectation_is_left_over() -> None:
    assert {*CALLS, *PUBLIC, *BY_ADDRESS, *OWN_ALONE} == OPERATIONS.keys()
    assert not (PUBLIC | BY_ADDRESS | OWN_ALONE) & CALLS.keys()


async def test_every_role_may_do_on_every_route_what_its_role_allows_and_nothing_else(
    stage: Stage,
) -> None:
    client, cast = stage.client, stage.cast
    scene = stage.scene
    everybody = cast.everybody()
    del everybody["second_coordinator"]  # has the coordinator's role
    wrong = []
    for operation, calls in CALLS.items():
        for number, call in enumerate(calls):
            own_and_foreign = BODIES if set(call.path.values()) & OF_A_BODY else ["so-gddt"]
            for place in own_and_foreign:
                for person, who in everybody.items():
                    async with stage.undone():
                        answer = await send(client, operation, call, scene[place], who.headers)
                    expected = call.may[column_of(person, place)]
                    if not as_expected(call, expected, answer.status_code):
                        wrong.append((operation, number, place, person, expected, answer.text))
    assert wrong == []


async def test_nobody_does_anything_without_a_token_but_what_is_public(stage: Stage) -> None:
    client = stage.client
    scene = stage.scene
    for operation, calls in CALLS.items():
        for call in calls:
            for headers in ({}, {"authorization": "Bearer piia_wrong"}):
                answer = await send(client, operation, call, scene["so-gddt"], headers)
                assert answer.status_code == 401, (operation, answer.text)
                assert answer.json()["type"] == "urn:pii:problem:unauthenticated"
                assert answer.headers["www-authenticate"].startswith("Bearer")
    for operation in PUBLIC:
        answer = await send(client, operation, Call("", json={}), {}, {})
        assert answer.status_code in {200, 422}, operation


async def test_what_is_ones_own_alone_is_nobody_elses_of_any_role(stage: Stage) -> None:
    refused = {"admin": 403, "viewer": 403}
    for operation in OWN_ALONE:
        method, path = OPERATIONS[operation]
        path = path.format(feed_id=stage.mine["feed"])
        for name, who in stage.cast.everybody().items():
            async with stage.undone():
                answer = await stage.client.request(method, path, headers=who.headers)
            expected = {200, 204} if name == "officer" else {refused.get(name, 404)}
            assert answer.status_code in expected, (operation, name, answer.text)
        assert (await stage.client.request(method, path)).status_code == 401


async def test_no_role_opens_what_an_address_opens_without_it(stage: Stage) -> None:
    forms = {
        "askExtensionByLink": {"wished_on": "2031-01-01", "reason": "thử"},
        "nameDeputyByLink": {
            "deputy": stage.scene["so-gddt"]["user"],
            "valid_from": "2030-01-01",
            "valid_to": "2030-01-31",
        },
        "releaseByLink": {"reason": "thử"},
        "discardByLink": {"reason": "thử"},
    }
    for operation in BY_ADDRESS:
        method, path = OPERATIONS[operation]
        for who in stage.cast.everybody().values():
            answer = await stage.client.request(
                method, path.format(token="A" * 50), data=forms.get(operation), headers=who.headers
            )
            assert answer.status_code == 404, (operation, answer.text)


async def test_lists_hold_the_callers_own_bodies_only(stage: Stage) -> None:
    client, cast = stage.client, stage.cast
    for path in ("/v1/assignments", "/v1/submissions", "/v1/reminders"):
        for who, home in ((cast.officer, "so-gddt"), (cast.foreign_officer, "so-ct")):
            items = body(await client.get(path, headers=who.headers))["items"]
            bodies = {
                item["organisation"]["code"] if path == "/v1/assignments" else item["organisation"]
                for item in items
            }
            assert bodies == {home}, path
            asked = {"organisation": "so-ct" if home == "so-gddt" else "so-gddt"}
            foreign = await client.get(path, params=asked, headers=who.headers)
            assert body(foreign)["items"] == [], path


@pytest.mark.parametrize(
    ("person", "states"),
    [
        ("coordinator", {"submitted", "accepted"}),
        ("leader", {"submitted", "accepted"}),
        ("viewer", {"accepted"}),
        ("officer", {"draft", "submitted", "accepted"}),
        ("coordinating_officer", set()),
    ],
)
async def test_a_list_of_figures_holds_the_states_that_a_role_may_see(
    stage: Stage, person: str, states: set[str]
) -> None:
    client, cast = stage.client, stage.cast
    listed = await client.get("/v1/submissions", headers=getattr(cast, person).headers)
    assert {item["state"] for item in body(listed)["items"]} == states


async def test_the_newest_draft_is_not_shown_beside_its_duty_to_others(stage: Stage) -> None:
    client, cast = stage.client, stage.cast
    scene = stage.scene
    draft = scene["so-gddt"]["draft"]
    seen = body(await client.get(f"/v1/submissions/{draft}", headers=cast.officer.headers))
    path = f"/v1/assignments/{seen['assignment']}"
    own = body(await client.get(path, headers=cast.officer.headers))
    assert own["submission"]["id"] == draft
    assert body(await client.get(path, headers=cast.coordinator.headers))["submission"] is None


async def test_allowed_actions_say_what_is_enforced(stage: Stage) -> None:
    client, cast = stage.client, stage.cast
    scene = stage.scene
    for person, who in cast.everybody().items():
        for thing in ("draft", "waiting", "taken"):
            path = f"/v1/submissions/{scene['so-gddt'][thing]}"
            shown = await client.get(path, headers=who.headers)
            told = set(shown.json()["allowed_actions"]) if shown.status_code == 200 else set()
            can = set()
            for action in ("submit", "withdraw", "accept", "return", "reject", "reopen"):
                content: dict[str, Any] | None = (
                    REASON if action in {"return", "reject", "reopen"} else None
                )
                if action == "accept":
                    content = {"evidence_seen": True}
                async with stage.undone():
                    tried = await client.post(f"{path}/{action}", json=content, headers=who.headers)
                if tried.status_code == 200:
                    can.add(action)
            assert told - {"edit", "add_evidence"} == can, (person, thing)


async def test_rights_end_at_once_with_the_membership(stage: Stage) -> None:
    client, cast = stage.client, stage.cast
    path = f"/v1/users/{cast.officer.id}"
    (membership,) = body(await client.get(path, headers=cast.admin.headers))["memberships"]
    assert (await client.get("/v1/assignments", headers=cast.officer.headers)).status_code == 200
    ended = await client.post(
        f"{path}/memberships/{membership['id']}/end", headers=cast.admin.headers
    )
    body(ended)
    assert (await client.get("/v1/assignments", headers=cast.officer.headers)).status_code == 403
