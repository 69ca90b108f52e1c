"""One line of an original, which stores one response: {"url": …, "body": …, "value": …, "answer": …}.

`answer` is the JSON text as received, so that numbers keep their notation. `body` is set for a POST, `value` for an
endpoint with for_each. `skip` is the number of records at the start of the page that were already on the previous page.
"""

import json
import logging
from typing import Any

from etl_runtime.columns.json_values import Number
from etl_runtime.job.redaction import REDACTION
from etl_runtime.source.api.request import Response

LOG = logging.getLogger(__name__)


def stored_response(endpoint: str, url: str, response: Response, value: str | None) -> bytes:
    """The JSON line. `url` is the request URL without credentials; `value` is the for_each value as JSON text."""
    request: dict[str, Any] = {"url": url}
    if response.request.body is not None:
        request["body"] = response.request.body
    if response.skipped:
        request["skip"] = response.skipped
    text = response.text
    if REDACTION.is_in_data(text):
        LOG.info(f"{endpoint}: the response repeats a secret, which is stored as ***")
        text = _json_text(REDACTION.redact_data(response.document))
    members = _json_text(REDACTION.redact_data(request))[:-1]
    value_member = "" if value is None else f', "value": {value}'
    one_line = text.replace("\r", " ").replace("\n", " ")  # JSON has line breaks between values only
    return f'{members}{value_member}, "answer": {one_line}}}\n'.encode()


def _json_text(value: Any) -> str:
    """JSON text in the format of json.dumps, except that numbers keep the notation received."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(key, ensure_ascii=False)}: {_json_text(each)}" for key, each in value.items())
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_json_text(each) for each in value)}]"
    return json.dumps(value, ensure_ascii=False)
