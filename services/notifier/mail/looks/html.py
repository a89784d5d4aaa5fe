"""Blocks as HTML: tables and inline styles, for Outlook; no colour says what words do not."""

from collections.abc import Iterable

from markupsafe import escape

from services.notifier.mail.documents.block import Block

EDGE = {"overdue": "#b42318", "today": "#b58100", "coming": "#0b5cad"}
_CELL = "padding:2px 8px 2px 16px;vertical-align:top;color:#444444"
_VALUE = "padding:2px 0;vertical-align:top"
_TABLE = 'role="presentation" {}cellpadding="0" cellspacing="0" border="0"'
_WHOLE, _PLAIN = _TABLE.format('width="100%" '), _TABLE.format("")
_OUTLOOK = _TABLE.format('width="640" align="center" ')
_FONT = "font-family:'Times New Roman',Times,serif;font-size:17px;line-height:1.45"
_OPENED = f"""<!DOCTYPE html>
<html lang="{{language}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">\
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">\
<title>{{subject}}</title></head>
<body style="margin:0;padding:0;background-color:#ffffff;color:#1a1a1a">
<!--[if mso]><table {_OUTLOOK}><tr><td><![endif]-->
<table role="presentation" align="center" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#ffffff" \
style="width:100%;max-width:640px;margin:0 auto;background-color:#ffffff;color:#1a1a1a;{_FONT}">
"""
_CLOSED = """</table>
<!--[if mso]></td></tr></table><![endif]-->
</body>
</html>"""
_LOOKS = {
    "row": f'<tr><td width="116" style="{_CELL}">{{words}}</td>'
    f'<td style="{_VALUE};word-break:break-word{{weight}}">{{lines}}</td></tr>\n',
    "number": f'<tr><td width="224" style="{_CELL}">{{words}}</td>'
    f'<td style="{_VALUE}{{weight}}">{{more}}</td></tr>\n',
    "item": '<li style="margin:0 0 5px">{words}</li>\n',
    "para": '<p style="margin:0 0 12px">{words}</p>\n',
    "card": f"<table {_WHOLE} "
    'style="width:100%;table-layout:fixed;margin:0 0 14px"><colgroup><col width="{labels}"><col></colgroup>'
    '<tr><td colspan="2" style="border-left:4px solid {edge};padding:1px 0 1px 12px;font-weight:bold">'
    "{words}</td></tr>\n",
    "end card": "</table>\n",
    "heading": '<h2 style="margin:20px 0 10px;font-size:18px;line-height:1.35;color:{colour}">{words}</h2>\n',
    "list": '<ul style="margin:0 0 14px;padding-left:22px">\n',
    "end list": "</ul>\n",
    "small": '<p style="margin:0 0 12px;font-size:14px;color:#444444">{words}</p>\n',
    "button": f'<table {_PLAIN} style="margin:6px 0 8px"><tr>'
    '<td bgcolor="#0b3d91" style="background-color:#0b3d91;border-radius:4px;padding:11px 20px">'
    '<a href="{more}" style="color:#ffffff;font-weight:bold;text-decoration:none">{words}</a></td></tr></table>\n'
    '<p style="margin:0 0 16px;font-size:13px;color:#444444;word-break:break-all">{more}</p>\n',
    "section": '<tr><td lang="{words}" style="padding:16px;word-break:break-word;overflow-wrap:anywhere{apart}">\n'
    "{title}",
    "end section": "</td></tr>\n",
    "title": '<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3;text-align:center">{words}</h1>\n',
    "banner": '<p style="margin:0 0 16px;padding:10px 14px;background-color:#fff3cd;border:2px solid #b58100;'
    'color:#5c4300;font-weight:bold;text-align:center">{words}</p>\n',
}
_SECOND = '<h2 style="margin:0 0 10px;font-size:17px">{}</h2>\n'


def look(block: Block) -> str:
    """Show it; whatever it says is escaped here, and nowhere else."""
    kind, tone = block.kind, block.tone
    words, more = str(escape(block.words)), str(escape(block.more))
    weight = ";font-weight:bold" if tone else ""
    return _LOOKS[kind].format(
        words=words,
        more=more,
        lines=more.replace("\n", "<br>") + ("<br>" if "\n" in more else ""),
        weight=weight + (";color:#a40000" if tone == "overdue" else ""),
        colour="#a40000" if more == "overdue" else "#1a1a1a",
        edge=EDGE.get(more, "#777777"),
        labels=240 if tone == "numbers" else 140,
        apart=";border-top:1px solid #999999;font-size:15px" if more else "",
        title=_SECOND.format(more) if more else "",
    )


def html(looks: Iterable[str], *, language: str, subject: str) -> str:
    """Write a whole page of blocks, without anything from outside."""
    opened = _OPENED.format(language=escape(language), subject=escape(subject))
    return f"{opened}{''.join(looks)}{_CLOSED}"
