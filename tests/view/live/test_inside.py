"""The addresses asked within the process."""

import asyncio
import json

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from saccade.view.live.inside import ask


async def echo(request: Request) -> Response:
    told = {"query": dict(request.query_params), "body": (await request.body()).decode()}
    return Response(json.dumps(told), 202, media_type="application/json")


async def pieces(request: Request) -> Response:
    async def parts():
        yield b"one "
        yield b"two"

    return StreamingResponse(parts(), media_type="text/plain")


async def fail(request: Request) -> Response:
    raise ValueError("no <luck>")


APP = Starlette(
    routes=[
        Route("/echo", echo, methods=["POST"]),
        Route("/pieces", pieces),
        Route("/fail", fail),
    ]
)


def asked(method, address, body=b""):
    return asyncio.run(asyncio.wait_for(ask(APP, method, address, body), 20))


def test_status_type_and_body_come_back():
    answer = asked("POST", "/echo?after=-1&b=%C3%A9", b"pixels")
    assert (answer.status, answer.type) == (202, "application/json")
    assert json.loads(answer.body) == {"query": {"after": "-1", "b": "é"}, "body": "pixels"}


def test_an_answer_in_pieces_is_whole():
    assert asked("GET", "/pieces").body == b"one two"


@pytest.mark.parametrize(
    "method, address, status",
    [("GET", "/nowhere", 404), ("GET", "/echo", 405), ("GET", "", 404), ("GET", "?a", 404)],
)
def test_what_there_is_not_is_said(method, address, status):
    assert asked(method, address).status == status


def test_an_app_that_fails_answers_500():
    answer = asked("GET", "/fail")
    assert answer.status == 500 and "luck" in json.loads(answer.body)["error"]
