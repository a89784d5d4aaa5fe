"""Bounces as servers write them, each in the shape of a real one."""

from base64 import b64encode

OURS = "<mail.6f1f4c52-2c29-5c0b-9a52-5a7c6d3f0a11@pii.example.vn>"
TO = "hoa@gddt.example.vn"


def _mail(text: str) -> bytes:
    return text.strip("\n").replace("\n", "\r\n").encode()


def postfix(
    to: str = TO,
    *,
    ours: str = OURS,
    action: str = "failed",
    status: str = "5.1.1",
    said: str = "550 5.1.1 <hoa@gddt.example.vn>: Recipient address rejected: User unknown",
) -> bytes:
    return _mail(f"""
Return-Path: <>
Date: Tue, 24 Nov 2026 08:01:12 +0700 (+07)
From: MAILER-DAEMON@relay.example.vn (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: pii@pii.example.vn
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4Bx1.1732410072/relay.example.vn"
Message-Id: <20261124010112.4Bx1@relay.example.vn>

This is a MIME-encapsulated message.

--4Bx1.1732410072/relay.example.vn
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

This is the mail system at host relay.example.vn.

<{to}>: host mx.gddt.example.vn[192.0.2.7] said: {said}
    (in reply to RCPT TO command)

--4Bx1.1732410072/relay.example.vn
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example.vn
X-Postfix-Queue-ID: 4Bx1
X-Postfix-Sender: rfc822; pii@pii.example.vn
Arrival-Date: Tue, 24 Nov 2026 08:01:10 +0700 (+07)

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.gddt.example.vn
Diagnostic-Code: smtp; {said.partition(" ")[0]}
    {said.partition(" ")[2]}

--4Bx1.1732410072/relay.example.vn
Content-Description: Undelivered Message
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Return-Path: <pii@pii.example.vn>
From: =?utf-8?q?PII_H=C3=A0_N=E1=BB=99i?= <pii@pii.example.vn>
To: <{to}>
Subject: =?utf-8?q?=C4=90=C3=B4n_=C4=91=E1=BB=91c?=
Message-ID: {ours}

Kính gửi

--4Bx1.1732410072/relay.example.vn--
""")


def exchange(to: str = TO, *, ours: str = OURS) -> bytes:
    """Write headers only, ids in the thread, brackets around the address, and no Original-Recipient."""
    return _mail(f"""
From: <postmaster@gddt.example.vn>
To: <pii@pii.example.vn>
Date: Tue, 24 Nov 2026 01:01:12 +0000
Content-Type: multipart/report; report-type=delivery-status;
 boundary="6b5e1f0c-7d0e-4a8b"
Content-Language: vi-VN
Message-ID: <a1b2c3@EX01.gddt.example.vn>
In-Reply-To: {ours}
References: <other@elsewhere.vn> {ours}
Subject: =?utf-8?B?{b64encode("Không gửi được: Đôn đốc".encode()).decode()}?=
Auto-Submitted: auto-replied
X-MS-Exchange-Message-Is-Ndr:

--6b5e1f0c-7d0e-4a8b
Content-Type: multipart/alternative; differences=Content-Type;
 boundary="inner"

--inner
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: base64

{b64encode("Không gửi được thư đến những người nhận này.".encode()).decode()}

--inner
Content-Type: text/html; charset="utf-8"

<p>Không gửi được</p>

--inner--

--6b5e1f0c-7d0e-4a8b
Content-Type: message/delivery-status

Reporting-MTA: dns;EX01.gddt.example.vn
Received-From-MTA: dns;relay.example.vn
Arrival-Date: Tue, 24 Nov 2026 01:01:11 +0000

Final-Recipient: rfc822;<{to}>
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup

--6b5e1f0c-7d0e-4a8b
Content-Type: text/rfc822-headers

Received: from relay.example.vn (192.0.2.9) by EX01.gddt.example.vn
Message-ID:
 {ours}
Subject: x

--6b5e1f0c-7d0e-4a8b--
""")


def exim_in_prose(to: str = TO, *, ours: str = OURS) -> bytes:
    return _mail(f"""
Return-path: <>
From: Mail Delivery System <Mailer-Daemon@exim.example.vn>
To: pii@pii.example.vn
X-Failed-Recipients: {to},
  other@gddt.example.vn
Auto-Submitted: auto-replied
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1tEwXY-0001Ab-2c@exim.example.vn>

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {to}
    host mx.gddt.example.vn [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<{to}>:
    550 5.1.1 no such user here

  other@gddt.example.vn
    Unrouteable address

------ This is a copy of the message, including all the headers. ------

Return-path: <pii@pii.example.vn>
From: <pii@pii.example.vn>
To: <third@gddt.example.vn>
Message-ID: {ours}

third@gddt.example.vn
    550 5.1.1 part of our own mail
""")


def exim_waits(to: str = TO) -> bytes:
    return _mail(f"""
From: Mail Delivery System <Mailer-Daemon@exim.example.vn>
To: pii@pii.example.vn
Auto-Submitted: auto-replied
Subject: Warning: message 1tEwXY-0001Ab-2c delayed 24 hours
References: {OURS}

A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on exim.example.vn.

The address to which the message has not yet been delivered is:

  {to}
    Delay reason: Connection timed out
""")


def gmail(to: str = TO) -> bytes:
    return _mail(f"""
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: pii@pii.example.vn
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: {OURS}
In-Reply-To: {OURS}
X-Failed-Recipients: {to}
Message-ID: <673ff1.050a0220.1@mx.google.com>
Content-Type: multipart/report; boundary="000000000000a"; report-type=delivery-status

--000000000000a
Content-Type: multipart/related; boundary="000000000000b"

--000000000000b
Content-Type: text/plain; charset="UTF-8"

** Address not found **

--000000000000b--
--000000000000a
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com
Received-From-MTA: dns; pii@pii.example.vn
Arrival-Date: Mon, 23 Nov 2026 17:01:10 -0800 (PST)
X-Original-Message-ID: {OURS}

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1
Remote-MTA: dns; gmail-smtp-in.l.google.com. (142.250.0.26)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.
 550-5.1.1 Please try double-checking.
 550 5.1.1  https://support.google.com/mail/?p=NoSuchUser
Last-Attempt-Date: Mon, 23 Nov 2026 17:01:11 -0800 (PST)

--000000000000a
Content-Type: message/rfc822

From: <pii@pii.example.vn>
Message-ID: {OURS}

x
--000000000000a--
""")


def qmail(to: str = TO) -> bytes:
    return _mail(f"""
From: MAILER-DAEMON@qmail.example.vn
To: pii@pii.example.vn
Subject: failure notice

Hi. This is the qmail-send program at qmail.example.vn.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{to}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

From: <pii@pii.example.vn>
Message-ID: {OURS}

x
""")


def several(*blocks: str, returned: str = OURS) -> bytes:
    """Write one report on several recipients, each a group of fields."""
    status = "\n\n".join(["Reporting-MTA: dns; x", *blocks])
    return _mail(f"""
From: MAILER-DAEMON@x.vn
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

.
--b
Content-Type: message/delivery-status

{status}

--b
Content-Type: text/rfc822-headers

Message-ID: {returned}

--b--
""")


def encoded(to: str = TO) -> bytes:
    """Write the part for machines in base64, as some gateways do, and the words in Vietnamese."""
    fields = f"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; {to}\r\nAction: failed\r\nStatus: 5.2.1\r\n"
    said = b64encode("Hộp thư đã bị khóa".encode()).decode()
    fields += f"Diagnostic-Code: smtp; =?utf-8?B?{said}?=\r\n"
    return _mail(f"""
From: postmaster@x.vn
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

.
--b
Content-Type: message/delivery-status
Content-Transfer-Encoding: base64

{b64encode(fields.encode()).decode()}
--b
Content-Type: message/rfc822

Message-ID: {OURS}

x
--b--
""")


def global_report(to: str = "hoa@hànội.vn") -> bytes:
    return _mail(f"""
From: postmaster@x.vn
Content-Type: multipart/report; report-type=global-delivery-status; boundary=b

--b
Content-Type: message/global-delivery-status

Reporting-MTA: dns; x

Final-Recipient: utf-8; {to}
Action: failed
Status: 5.1.2
Diagnostic-Code: smtp; 550 không có tên miền này

--b
Content-Type: message/global-headers

Message-ID: {OURS}

--b--
""")


ABSENT = _mail(f"""
Return-Path: <>
From: Nguyễn Thị Hoa <{TO}>
To: pii@pii.example.vn
Subject: Automatic reply: Đôn đốc
Auto-Submitted: auto-replied
In-Reply-To: {OURS}
References: {OURS}

Tôi vắng mặt đến 5.1.2027 (5.1.27). Xin liên hệ:

{TO}
    550 5.1.1 văn phòng
""")

READ_RECEIPT = _mail(f"""
From: <{TO}>
To: pii@pii.example.vn
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b
Content-Type: text/plain

Read.
--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; {TO}
Original-Message-ID: {OURS}
Disposition: manual-action/MDN-sent-manually; displayed

--b--
""")
