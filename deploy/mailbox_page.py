"""The page of the local mail box: a list, one mail, its file, and the list again as JSON."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from deploy import mails

PAGE = 50
LONGEST_PAGE = 200
HEADERS = {
    # A mail's own frame inherits this policy: its styles work, its scripts and pictures do not.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# A web page elsewhere that makes its name point to this machine does not get to read the mails.
HOSTS = ["127.0.0.1", "localhost"]

BASE = """<!doctype html>
<html lang="vi"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{% block title %}Hộp thư thử{% endblock %}</title>
<style>
:root { color-scheme: light dark; --line: #8884; --quiet: #777 }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem; margin: 0 } header { margin-bottom: 1.5rem }
small, .quiet, [lang=en] { color: var(--quiet) }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .45rem .6rem; border-bottom: 1px solid var(--line);
         vertical-align: top; overflow-wrap: anywhere }
th { font-weight: 600; white-space: nowrap }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); padding: 1rem }
iframe { width: 100%; height: 30rem; border: 1px solid var(--line); background: #fff }
</style></head>
<body><header><h1><a href="/">Hộp thư thử</a> <span lang="en">Local mail box</span></h1>
<p>Hộp thư này chỉ để dùng thử trên máy này: không thư nào được gửi ra ngoài.<br>
<span lang="en">This mail box is for trying out on this machine: no mail leaves it.</span></p></header>
{% block body %}{% endblock %}</body></html>
"""

LIST = """{% extends "base" %}{% block body %}
{% if mails %}<table><thead><tr>
<th>Tiêu đề <span lang="en">Subject</span></th><th>Người nhận <span lang="en">To</span></th>
<th>Ngày <span lang="en">Date</span></th></tr></thead><tbody>
{% for mail in mails %}<tr><td><a href="/mails/{{ mail.name }}">{{ mail.subject or "—" }}</a></td>
<td>{{ mail.to }}</td><td>{{ mail.date }}</td></tr>
{% endfor %}</tbody></table>
{% else %}<p>Chưa có thư nào. <span lang="en">No mail yet.</span></p>{% endif %}
<p>{{ total }} thư <span lang="en">mails</span>
{% if next %} · <a href="/?after={{ next }}" rel="next">Thư cũ hơn
<span lang="en">Older mails</span></a>{% endif %}</p>
{% endblock %}"""

MAIL = """{% extends "base" %}{% block title %}{{ mail.subject }}{% endblock %}{% block body %}
<table><tbody>
<tr><th>Tiêu đề <span lang="en">Subject</span></th><td>{{ mail.subject }}</td></tr>
<tr><th>Người gửi <span lang="en">From</span></th><td>{{ mail.sender }}</td></tr>
<tr><th>Người nhận <span lang="en">To</span></th><td>{{ mail.to }}</td></tr>
<tr><th>Ngày <span lang="en">Date</span></th><td>{{ mail.date }}</td></tr>
<tr><th>Message-ID</th><td>{{ mail.message_id }}</td></tr>
{% for key, value in mail.headers.items() %}<tr><th>{{ key }}</th><td>{{ value }}</td></tr>
{% endfor %}</tbody></table>
<p><a href="/mails/{{ mail.name }}.eml">Tải thư gốc <span lang="en">Download the mail</span></a></p>
{% if body.text %}<h2>Văn bản <span lang="en">Text</span></h2><pre>{{ body.text }}</pre>{% endif %}
{% if body.html %}<h2>HTML</h2>
<iframe sandbox="" title="HTML" srcdoc="{{ body.html }}"></iframe>{% endif %}
{% endblock %}"""

TEMPLATES = Environment(
    autoescape=True, loader=DictLoader({"base": BASE, "list": LIST, "mail": MAIL})
)


def create_app(folder: Path) -> Starlette:
    # Plain functions: Starlette runs them in a thread, where reading files holds nobody up.
    def show_list(request: Request) -> Response:
        after = request.query_params.get("after", "")
        found, following = mails.page(folder, limit=PAGE, after=after)
        total = len(mails.names(folder))
        return show("list", mails=found, next=following, total=total)

    def show_mail(request: Request) -> Response:
        path = find(request)
        mail, body = mails.read_mail(folder, path.stem), mails.read_body(path)
        return show("mail", mail=mail, body=body)

    def download(request: Request) -> Response:
        path = find(request)
        return FileResponse(path, media_type="message/rfc822", filename=path.name, headers=HEADERS)

    def list_as_json(request: Request) -> Response:
        limit = bounded(request.query_params.get("limit", str(PAGE)))
        after = request.query_params.get("after", "")
        found, following = mails.page(folder, limit=limit, after=after)
        items = [asdict(mail) for mail in found]
        return JSONResponse({"items": items, "next": following}, headers=HEADERS)

    def find(request: Request) -> Path:
        path = mails.path_of(folder, request.path_params["name"])
        if path is None:
            raise HTTPException(404, "Không có thư này. No such mail.")
        return path

    return Starlette(
        routes=[
            Route("/", show_list),
            Route("/mails/{name}.eml", download),
            Route("/mails/{name}", show_mail),
            Route("/api/mails", list_as_json),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)],
    )


def show(template: str, **values: Any) -> Response:
    return HTMLResponse(TEMPLATES.get_template(template).render(values), headers=HEADERS)


def bounded(limit: str) -> int:
    if not limit.isdecimal() or not 1 <= int(limit) <= LONGEST_PAGE:
        raise HTTPException(422, f"limit: a whole number from 1 to {LONGEST_PAGE}")
    return int(limit)
