"""What the gateway itself answers a client whose request it does not pass on.

Pure: values to bytes.
"""

import http


def refusal(status: int, reason: str, retry_after: int | None = None) -> bytes:
    """Write a whole answer, after which the connection is closed.

    Args:
        status: its status.
        reason: the same for people.
        retry_after: whole seconds after which the client may try again; None to say nothing.
    """
    body = f"{reason}\n".encode()
    lines = [
        f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    # RFC 9110, sections 10.2.1 and 15.5.22: what would have been right has to be named.
    if status == http.HTTPStatus.METHOD_NOT_ALLOWED:
        lines.append("Allow: GET")
    if status == http.HTTPStatus.UPGRADE_REQUIRED:
        lines += ["Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    if retry_after is not None:
        lines.append(f"Retry-After: {retry_after}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
