"""Who plays in the demonstration: people who are signed in and do things over HTTP."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx


class DemoError(Exception):
    """Something did not go as told; the message says what to do."""


@dataclass
class Person:
    """Somebody who is signed in and does things over HTTP."""

    name: str
    http: httpx.AsyncClient
    token: str

    async def call(self, method: str, path: str, *, expect: int = 200, **request: Any) -> Any:
        headers = {
            "authorization": f"Bearer {self.token}",
            "accept-language": "vi",
            **request.pop("headers", {}),
        }
        if method == "POST":
            headers.setdefault("idempotency-key", secrets.token_hex(16))
        response = await self.http.request(method, path, headers=headers, **request)
        if response.status_code != expect:
            raise DemoError(
                f"{method} {path} answered {response.status_code}: {response.text[:500]}"
            )
        return response.json() if response.content else None

    async def change(self, path: str, values: dict[str, Any], *, method: str = "PATCH") -> Any:
        """Change it with the ETag that was read; ``PUT`` replaces the whole."""
        read = await self.http.get(path, headers={"authorization": f"Bearer {self.token}"})
        return await self.call(
            method, path, json=values, headers={"if-match": read.headers["etag"]}
        )


async def sign_in(http: httpx.AsyncClient, name: str, login: str, password: str) -> Person:
    response = await http.post("/v1/auth/token", json={"login": login, "password": password})
    if response.status_code != 200:  # noqa: PLR2004
        raise DemoError(f"{login} could not sign in: {response.text}")
    return Person(name, http, response.json()["access_token"])
