"""The coordinator's own words: planned mail takes the newest, the ledger says which were sent."""

from uuid import UUID, uuid4

from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from shared.models import ReminderStep, ReminderTemplate
from tests.notifier.cast import Clock, World, at
from tests.notifier.post import PostOffice


async def _written(world: World, code: str, version: int, words: str) -> UUID:
    """Write a version; it stays for other tests, as history does, so each has a code of its own."""
    return await world.add(
        ReminderTemplate(
            id=uuid4(), code=code, version=version, name="Khẩn", words_vi=words,
            created_at=at(-20),
        )
    )  # fmt: skip


async def test_planned_mail_takes_the_newest_words_and_what_was_sent_keeps_its_own(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    first = await _written(world, "khan", 1, "Đề nghị làm ngay.")
    await world.policy(-5, template="khan")
    await world.policy(-1, template="khan")
    await world.duty("so-gddt")
    clock.now = at(-5)
    await world.plan(clock.now)
    assert {row.template_id for row in await world.ledger()} == {first}
    await send_due(office)
    second = await _written(world, "khan", 2, "Đề nghị làm trong hôm nay.")
    await world.plan(clock.now)
    assert [(row.state, row.template_id) for row in await world.ledger()] == [
        ("sent", first),
        ("planned", second),
    ]
    (mail,) = post.mails
    for part in ("plain", "html"):
        body = mail.get_body((part,))
        assert body is not None
        assert "Đề nghị làm ngay." in body.get_content()


async def test_a_step_without_a_template_says_the_facts_alone_again(world: World) -> None:
    await _written(world, "nhe", 1, "Đề nghị làm ngay.")
    step = await world.policy(-5, template="nhe")
    await world.duty("so-gddt")
    await world.plan(at(-15))
    await world.change(ReminderStep, step, template=None)
    await world.plan(at(-14))
    assert {row.template_id for row in await world.ledger()} == {None}
