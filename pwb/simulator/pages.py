"""What a person sees who opens the simulator in a browser: what it is, and its faults."""

from html import escape

from flask import Blueprint, Response, jsonify

from pwb.simulator.faults import FAULTS

pages = Blueprint("pages", __name__)

PROXY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n"
    "</body>\r\n</html>\r\n"
)
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>OpenRouter simulator</title></head>
<body>
<h1>OpenRouter simulator</h1>
<p>This is not OpenRouter and no AI model answers here. It is a stand-in for demo, tests and drills:
it speaks OpenRouter's wire below <code>/api/v1</code> and puts its texts together from phrases and
the listing's facts. Nothing is sent anywhere and nothing is charged.</p>
<p>Any key that starts with <code>sk-or-</code> works. A key with <code>invalid</code> in it is
refused, one with <code>empty</code> has no credit, one with <code>limited</code> has two
US cents.</p>
<h2>Faults</h2>
<p>Ask for one by a model id such as <code>simulator/fault-429</code>, or by the request header
<code>X-Simulate-Fault</code>.</p>
<table>
<thead><tr><th scope="col">Fault</th><th scope="col">What happens</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""


@pages.get("/")
def about() -> str:
    """Says plainly what this server is."""
    rows = (
        f"<tr><td><code>{f.name}</code></td><td>{escape(f.summary)}</td></tr>"
        for f in FAULTS.values()
    )
    return _PAGE.format(rows="\n".join(rows))


@pages.get("/faults")
def list_faults() -> Response:
    """The faults as JSON."""
    rows = [{"name": f.name, "summary": f.summary, "status": f.status} for f in FAULTS.values()]
    return jsonify({"data": rows})
