"""Ten years of 63 bodies, written with SQL, made up and evenly spread: what lists, board and search are measured on."""

import asyncpg

# ruff: noqa: S608 numbers of our own

YEARS, BODIES, REVISIONS = 10, 63, 6  # and one more of every ninth duty
ENTRIES = 1_000_000
DAYS = 31  # with a mail to each body in a year: a million lines of the ledger

_STATEMENTS = (
    "SET session_replication_role = replica",
    f"""INSERT INTO organisations (id, code, name_vi, name_en, kind, part_in_the_plan, plan_section,
        is_coordinator, search)
      SELECT gen_random_uuid(), 'nam-' || b, 'Cơ quan ' || b, 'Body ' || b, 'department', '', '', false, 'co quan ' || b
      FROM generate_series(1, {BODIES}) b""",
    # It has come late, and nothing was ever asked of it.
    """INSERT INTO organisations (id, code, name_vi, name_en, kind, part_in_the_plan, plan_section,
        is_coordinator, search)
      VALUES (gen_random_uuid(), 'moi', 'Cơ quan mới', 'New body', 'department', '', '', false, 'co quan moi')""",
    """INSERT INTO contacts (id, organisation_id, name, role, email, phone)
      SELECT gen_random_uuid(), id, 'Đầu mối', role, role || '@' || code || '.test', ''
      FROM organisations, unnest(ARRAY['officer', 'head']) AS role WHERE code LIKE 'nam-%'""",
    f"""INSERT INTO periods (id, code, name, framework_id, reference_year, due_on, state, made_up, opened_at, closed_at)
      SELECT gen_random_uuid(), 'nam-' || y, 'Kỳ ' || y, (SELECT id FROM frameworks WHERE year = 2024), 2000 + y,
        make_date(2000 + y, 9, 30), 'closed', true, make_date(2000 + y, 6, 1), make_date(2000 + y, 12, 1)
      FROM generate_series(1, {YEARS}) y""",
    """INSERT INTO responsibilities (id, node_id, organisation_id, role, legal_basis, plan_section, valid_from)
      SELECT gen_random_uuid(), n.id, o.id, 'lead', '', '', '2000-01-01'
      FROM nodes n, organisations o WHERE n.kind = 'indicator' AND o.code LIKE 'nam-%'
        AND n.framework_id = (SELECT id FROM frameworks WHERE year = 2024)""",
    # Ids in the order of time, as the product makes them: year by year, and within one as it comes.
    """INSERT INTO assignments (id, period_id, responsibility_id, node_id, organisation_id, kind, due_on, sort_key)
      SELECT uuidv7(), p.id, r.id, r.node_id, r.organisation_id, 'figure', p.due_on, n.sort_key
      FROM periods p, responsibilities r JOIN nodes n ON n.id = r.node_id
        JOIN organisations o ON o.id = r.organisation_id
      WHERE p.code LIKE 'nam-%' AND o.code LIKE 'nam-%' ORDER BY p.due_on, random()""",
    f"""INSERT INTO submissions (id, assignment_id, revision, value, nil_reason, note, source, state, created_by,
        created_by_name, created_at, submitted_by, submitted_by_name, submitted_at, decided_by, decided_by_name,
        decided_at, decision_reason, updated_at)
      SELECT uuidv7(), a.id, r, random() * 100, '', '', 'Báo cáo thử', CASE WHEN r < a.last
        THEN 'returned' WHEN random() < 0.9 THEN 'accepted' ELSE 'submitted' END, gen_random_uuid(), 'An',
        a.due_on + r * interval '1 day 1 second' * random(), gen_random_uuid(), 'An', a.due_on + r * interval '1 day',
        gen_random_uuid(), 'Bình', a.due_on + r * interval '2 days', 'Thử', a.due_on + r * interval '2 days'
      FROM (SELECT *, {REVISIONS} + (row_number() OVER () % 9 = 0)::int AS last FROM assignments) a
        JOIN periods p ON p.id = a.period_id, generate_series(1, a.last) r
      WHERE p.code LIKE 'nam-%' ORDER BY p.due_on, r, random()""",
    """INSERT INTO evidence (id, organisation_id, filename, media_type, size, sha256, storage_key, document_number,
        issuer, uploaded_by, uploaded_by_name)
      SELECT s.id, a.organisation_id, 'thu.pdf', 'application/pdf', 1000, md5(s.id::text) || md5(s.id::text),
        'thu/' || s.id, '1/BC', 'Sở', gen_random_uuid(), 'An'
      FROM submissions s JOIN assignments a ON a.id = s.assignment_id JOIN periods p ON p.id = a.period_id
      WHERE p.code LIKE 'nam-%' AND s.state <> 'returned' ORDER BY s.id""",
    """INSERT INTO evidence_uses (submission_id, evidence_id, place, added_by, added_by_name)
      SELECT id, id, 'tr. 1', uploaded_by, 'An' FROM evidence WHERE storage_key LIKE 'thu/%'""",
    f"""INSERT INTO audit_log (at, actor_kind, actor_id, actor_name, action, object_type, object_id, changes, trace_id)
      SELECT '2001-01-01'::timestamptz + i * interval '5 minutes', 'user', md5((i % 500)::text)::uuid, 'An',
        (ARRAY['drafted', 'submitted', 'returned', 'accepted'])[i % 4 + 1],
        (ARRAY['submission', 'evidence', 'assignment'])[i % 3 + 1], md5((i % 200000)::text)::uuid::text,
        jsonb_build_object('value', jsonb_build_array(null, i)), md5(i::text)
      FROM generate_series(1, {ENTRIES}) i""",
    """INSERT INTO audit_words SELECT id, to_tsvector('simple', action || ' gia tri ' || id % 1000)
      FROM audit_log WHERE at < '2015-01-01' ON CONFLICT DO NOTHING""",
    # One duty in three asked for more time, one in three had to explain itself.
    """INSERT INTO extensions (id, assignment_id, reason, wished_on, due_on, state, granted_until, asked_by,
        asked_by_name, asked_at, decided_by, decided_by_name, decided_at, decision_reason)
      SELECT gen_random_uuid(), id, 'Chờ số liệu', due_on + 10, due_on,
        CASE WHEN n % 9 = 1 THEN 'refused' ELSE 'granted' END, CASE WHEN n % 9 > 1 THEN due_on + 10 END,
        gen_random_uuid(), 'An', due_on - 3 + n * interval '1 second', gen_random_uuid(), 'Bình',
        due_on - 2 + n * interval '1 second', 'Đồng ý'
      FROM (SELECT a.*, row_number() OVER (ORDER BY a.id) n FROM assignments a
        JOIN periods p ON p.id = a.period_id WHERE p.code LIKE 'nam-%') a WHERE n % 3 = 1""",
    """INSERT INTO explanation_requests (id, period_id, assignment_id, node_id, organisation_id, question, due_on,
        state, asked_by, asked_by_name, asked_at, answer, answered_by, answered_by_name, answered_at)
      SELECT gen_random_uuid(), period_id, id, node_id, organisation_id, 'Vì sao chậm?', due_on + 20,
        CASE WHEN n % 40 = 2 THEN 'asked' ELSE 'answered' END, gen_random_uuid(), 'An',
        due_on + 10 + n * interval '1 second', CASE WHEN n % 40 <> 2 THEN 'Chờ nguồn' END, gen_random_uuid(), 'Bình',
        CASE WHEN n % 40 <> 2 THEN due_on + 12 + n * interval '1 second' END
      FROM (SELECT a.*, row_number() OVER (ORDER BY a.id) n FROM assignments a
        JOIN periods p ON p.id = a.period_id WHERE p.code LIKE 'nam-%') a WHERE n % 3 = 2""",
    """INSERT INTO comments (id, submission_id, text, created_by, created_by_name, organisation_id, created_at)
      SELECT uuidv7(), s.id, 'Xem lại mẫu số', gen_random_uuid(), 'An', a.organisation_id, s.created_at
      FROM submissions s JOIN assignments a ON a.id = s.assignment_id JOIN periods p ON p.id = a.period_id
      WHERE p.code LIKE 'nam-%' ORDER BY s.id""",
    # Each body had a mail on each of its days, with a line for each of its duties.
    f"""INSERT INTO mails (id, key, kind, recipient, recipient_name, day, message_id, subject, state, reason, attempts,
        next_at, relay, sent_at, trace_id, created_at)
      SELECT gen_random_uuid(), m.key, 'digest', m.recipient, 'Đầu mối', m.day, '<' || m.key || '@x.test>', 'Nhắc việc',
        m.state, CASE WHEN m.state = 'failed' THEN 'full' END, 1, m.day, 'x.test:25',
        CASE WHEN m.state = 'sent' THEN m.day END, md5(m.key), m.day
      FROM (SELECT o.code || ':' || p.code || ':' || d AS key, 'officer@' || o.code || '.test' AS recipient,
          p.due_on + d AS day, CASE WHEN d = {DAYS} AND o.code = 'nam-9' THEN 'failed' ELSE 'sent' END AS state
        FROM organisations o, periods p, generate_series(1, {DAYS}) d
        WHERE o.code LIKE 'nam-%' AND p.code LIKE 'nam-%') m ORDER BY m.day""",
    f"""INSERT INTO reminders (id, kind, topic, subject_id, assignment_id, organisation_id, period_id, due_on, step,
        audience, recipient, recipient_name, planned_at, send_at, state, reason, mail_id, sent_at, trace_id, created_at)
      SELECT uuidv7(), 'step', 'due', a.id, a.id, a.organisation_id, p.id, a.due_on, '+' || d || 'c', 'officer', m.recipient,
        'Đầu mối', m.day, m.day, m.state, m.reason, m.id, m.sent_at, '', a.due_on - 30
      FROM assignments a JOIN periods p ON p.id = a.period_id JOIN organisations o ON o.id = a.organisation_id
        CROSS JOIN generate_series(1, {DAYS}) d JOIN mails m ON m.key = o.code || ':' || p.code || ':' || d
      WHERE p.code LIKE 'nam-%' ORDER BY p.due_on, a.id, d""",
    "VACUUM ANALYZE",  # as autovacuum does within minutes
)


async def fill(url: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), command_timeout=600)
    try:
        for statement in _STATEMENTS:
            await connection.execute(statement)
    finally:
        await connection.close()
