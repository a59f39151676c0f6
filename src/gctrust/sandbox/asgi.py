"""Between ASGI and our Request and Answer: reading a body whole, writing, breaking off."""

from __future__ import annotations

from urllib.parse import parse_qsl

from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope

from .answer import Answer, Headers, Refusal
from .listener import reset, transport_of
from .wire import Request

MAX_BODY_BYTES = 1_048_576


async def read_request(scope: HTTPScope, receive: ASGIReceiveCallable) -> Request:
    """Raises Refusal 413, and ConnectionError when the client goes away while sending."""
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ConnectionError("the client went away")
        chunks.append(message["body"])
        size += len(message["body"])
        if size > MAX_BODY_BYTES:
            raise Refusal(413, f"The request body is larger than {MAX_BODY_BYTES} bytes")
        more = message["more_body"]
    return head_of(scope, b"".join(chunks))


def head_of(scope: HTTPScope, body: bytes = b"") -> Request:
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(scope["method"], scope["path"], tuple(query), headers, body)


async def send_answer(send: ASGISendCallable, answer: Answer, headers: Headers = ()) -> None:
    await send_bytes(send, answer.status, answer.payload(), (*answer.headers, *headers))


async def send_bytes(
    send: ASGISendCallable, status: int, payload: bytes, headers: Headers, cut: int | None = None
) -> None:
    """`cut` sends only that many bytes of the payload its Content-Length promises."""
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if payload:
        pairs.append((b"content-type", b"application/json"))
    if status != 204:
        pairs.append((b"content-length", str(len(payload)).encode()))
    await send(
        {"type": "http.response.start", "status": status, "headers": pairs, "trailers": False}
    )
    whole = cut is None
    body = payload if whole else payload[:cut]
    await send({"type": "http.response.body", "body": body, "more_body": not whole})


async def break_off(scope: HTTPScope, receive: ASGIReceiveCallable, *, politely: bool) -> None:
    """End the connection in the middle: a FIN after what was sent, or an RST at once."""
    transport = transport_of(scope)
    if politely:
        transport.close()
    else:
        reset(transport)
    while (await receive())["type"] != "http.disconnect":
        pass
