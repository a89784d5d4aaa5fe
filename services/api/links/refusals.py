"""What is shown where a link leads nowhere: a page, or a problem document where that is asked for."""

from http import HTTPStatus

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from services.api.deps.edge import Handler, Looking, Open
from services.api.deps.media import chosen
from services.api.errors import (
    MEDIA_TYPE,
    STATUS,
    NotAcceptableError,
    domain_problem,
    render_validation_error,
)
from services.api.links import pages
from services.api.links.words import Both
from services.api.words import in_english, in_vietnamese
from shared.errors import DomainError

FIELDS = {
    "wished_on": Both("Hạn mới", "New deadline"),
    "reason": Both("Lý do", "Reason"),
    "deputy": Both("Người được ủy quyền", "Deputy"),
    "valid_from": Both("Từ ngày", "From"),
    "valid_to": Both("Đến ngày", "To"),
}


def wants_page(request: Request) -> bool:
    """Tell whether a page is asked for rather than a document for programs."""
    try:
        return chosen(request, ("text/html", MEDIA_TYPE, "application/json")) == "text/html"
    except NotAcceptableError:
        return False


def _refused(request: Request, error: DomainError) -> Response:
    if not wants_page(request):
        return domain_problem(request, error)
    status = next((STATUS[parent] for parent in type(error).__mro__ if parent in STATUS), 422)
    return pages.refusal(status, [Both(error.vietnamese, error.english)])


async def _not_valid(request: Request, error: RequestValidationError) -> Response:
    if not wants_page(request):
        return await render_validation_error(request, error)
    told = []
    for entry in error.errors()[:20]:
        name = str(entry["loc"][-1])
        field = FIELDS.get(name, Both(name[:40], name[:40]))
        told.append(Both(f"{field.vi}: {in_vietnamese(entry)}", f"{field.en}: {in_english(entry)}"))
    return pages.refusal(HTTPStatus.UNPROCESSABLE_ENTITY, told)


def _shown(handler: Handler) -> Handler:
    async def run(request: Request) -> Response:
        try:
            response = await handler(request)
        except DomainError as error:
            response = _refused(request, error)
        except RequestValidationError as error:
            response = await _not_valid(request, error)
        response.headers.update(pages.headers())
        return response

    return run


class Showing(Looking):
    """A page to look at: whatever looks at it changes nothing."""

    def get_route_handler(self) -> Handler:
        return _shown(super().get_route_handler())


class Acting(Open):
    """A form that was sent. Its token says who sent it, and for what."""

    def get_route_handler(self) -> Handler:
        return _shown(super().get_route_handler())

    async def read_form(self, request: Request) -> None:
        # Kept whole, since what is sent twice is compared.
        await request.body()
        await super().read_form(request)
