"""The ``pii`` command: what an operator does beside running the services."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.accounts import ensure_first_accounts
from deploy.accounts import reset_account as renew_account
from deploy.audit import app as audit
from deploy.evidence import Findings, verify
from deploy.handovers import handovers
from deploy.migrate import migrate as run_migrations
from deploy.operator import operator_settings, with_database
from deploy.packs import app as packs
from deploy.plans.reader import PlanFileError, read_plan
from deploy.scoring import schemas, score
from deploy.seed import fill_calendar, load_plan
from deploy.uncertainty import uncertainty
from services.api.audit.signing import make_key
from services.api.deps.clock import today_in_hanoi
from services.api.evidence.store import Store
from services.api.identity.passwords import Passwords
from shared.db import PooledDatabase
from shared.links import make_link_key
from shared.settings import Settings

app = typer.Typer(
    help="Operate a PII system: migrate, load a plan, make accounts.", no_args_is_help=True
)
accounts = typer.Typer(help="Accounts of people.", no_args_is_help=True)
app.add_typer(accounts, name="accounts")
app.add_typer(handovers, name="handovers")
app.add_typer(audit, name="audit")
app.add_typer(packs, name="pack")
evidence = typer.Typer(help="Stored documents.", no_args_is_help=True)
app.add_typer(evidence, name="evidence")
app.command()(score)
app.command()(uncertainty)
app.command()(schemas)

HANOI_2024 = Path(__file__).parent / "plans" / "hanoi-2024"
PlanFolder = Annotated[
    Path,
    typer.Option(help="Folder with plan.toml and its CSV files.", exists=True, file_okay=False),
]
AccountsFile = Annotated[
    Path, typer.Option(help="Where the first passwords are kept, readable by you alone.")
]


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    asyncio.run(run_migrations(operator_settings().database_url))
    typer.echo("schema is up to date")


@app.command()
def seed(plan: PlanFolder = HANOI_2024) -> None:
    """Load a plan: framework, bodies, responsibilities, published results, holidays. Repeating it changes nothing."""
    with_database(lambda database: _seed(database, plan))


async def _seed(database: PooledDatabase, folder: Path) -> None:
    try:
        plan = read_plan(folder)
    except PlanFileError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    now = datetime.now(UTC)
    async with database.transaction() as session:
        new = await load_plan(session, plan)
        filled = await fill_calendar(session, today=today_in_hanoi(now), now=now)
    added = ", ".join(f"{number} {kind}" for kind, number in new.items() if number)
    typer.echo(
        f"framework {plan.framework.year}: " + (f"added {added}" if added else "nothing new")
    )
    if filled:
        years = ", ".join(map(str, filled))
        typer.echo(f"calendar {years}: first fill from a library, to be confirmed by a decision")


@accounts.command("first")
def first_accounts(file: AccountsFile = Path(".local/accounts.json")) -> None:
    """Make the first administrator and coordinator, once, with passwords made by chance."""
    with_database(lambda database: _first_accounts(database, file))


async def _first_accounts(database: PooledDatabase, file: Path) -> None:
    async with database.transaction() as session:
        made = await ensure_first_accounts(session, Passwords(), file)
    typer.echo(
        f"made {', '.join(made)}: passwords are in {file}" if made else "the first accounts exist"
    )


@accounts.command("reset")
def reset_account(login: str) -> None:
    """Open an account again and give it a new password, for whoever is locked out; the password is shown once."""

    async def work(database: PooledDatabase) -> None:
        async with database.transaction() as session:
            password = await renew_account(session, Passwords(), login)
        typer.echo(f"{login} may sign in with {password}")

    with_database(work)


@evidence.command("verify")
def verify_evidence(
    *,
    sweep: Annotated[
        bool, typer.Option(help="Remove stored files that belong to nothing.")
    ] = False,
) -> None:
    """Read every stored document and name what is damaged, missing or belongs to nothing; exit 1 if anything is."""
    found = Findings()

    async def work(database: PooledDatabase) -> None:
        nonlocal found
        store = Store(operator_settings().evidence_url)
        found = await verify(database, store, sweep=sweep, now=datetime.now(UTC))

    with_database(work)
    for kind, names in (
        ("damaged", found.damaged),
        ("missing", found.missing),
        ("orphan", found.orphans),
    ):
        for name in names:
            typer.echo(f"{kind}: {name}", err=True)
    swept = f", swept {found.swept} orphans" if sweep else ""
    typer.echo(f"checked {found.checked} documents, {found.size} bytes{swept}")
    if not found.good:
        raise typer.Exit(1)


@app.command()
def prepare(
    plan: PlanFolder = HANOI_2024, accounts: AccountsFile = Path(".local/accounts.json")
) -> None:
    """Migrate, seed, make the first accounts and the keys: all that a new system needs before it starts."""
    migrate()
    keys = operator_settings()
    if make_key(keys.audit_key_file):
        typer.echo(f"made {keys.audit_key_file}, which signs the audit log's heads")
    if keys.link_key is None and make_link_key(keys.link_key_file):
        typer.echo(f"made {keys.link_key_file}, which signs the links in mails")

    async def work(database: PooledDatabase) -> None:
        await _seed(database, plan)
        await _first_accounts(database, accounts)

    with_database(work)


@app.command("openapi")
def openapi_document(
    output: Annotated[Path, typer.Option()] = Path("docs/api/openapi.json"),
) -> None:
    """Write the API's OpenAPI document to a file."""
    import orjson  # noqa: PLC0415 nothing else here needs the API

    from services.api.app import create_app  # noqa: PLC0415

    settings = Settings.model_construct(
        database_url="postgresql+asyncpg://", redis_url="redis://", body_limit=1_048_576
    )
    document = create_app(settings).openapi()
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(
        orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    )
    typer.echo(f"wrote {output}")


if __name__ == "__main__":
    app()
