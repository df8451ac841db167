"""Tests of how the page's files are served."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from balancer.page import Page, sdk_file, wants_page

Client = TestClient[web.Request, web.Application]

ROOT = Path(__file__).parents[2]
WEB = ROOT / "balancer" / "web"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    page = Page()

    async def home(request: web.Request) -> web.Response:
        return page.home(request) if wants_page(request) else web.Response(text="text")

    app = web.Application()
    app.router.add_get("/", home)
    page.add_routes(app)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_browser_gets_the_page_and_others_do_not(client: Client) -> None:
    async with client.get("/", headers=HTML) as answer:
        assert answer.content_type == "text/html"
        assert await answer.read() == (WEB / "index.html").read_bytes()
        assert answer.headers["Vary"] == "Accept"
    async with client.get("/") as answer:
        assert await answer.text() == "text"


async def test_nothing_from_elsewhere_and_nothing_inline_may_run(client: Client) -> None:
    async with client.get("/", headers=HTML) as answer:
        policy = answer.headers["Content-Security-Policy"]
        html = await answer.text()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html)
    assert re.findall(r'(?:src|href)="([^"#]+)"', html)
    for link in re.findall(r'(?:src|href)="([^"#]+)"', html):
        assert link.startswith("page/")  # below whatever path a proxy puts before it
        assert (await client.get(f"/{link}")).status == 200


async def test_every_file_is_served_with_its_type(client: Client) -> None:
    types = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    names = [path.name for path in WEB.iterdir() if path.suffix in types]
    assert len(names) > 5
    for name in names:
        async with client.get(f"/page/{name}") as answer:
            assert answer.status == 200
            assert answer.content_type == types[Path(name).suffix]


async def test_modules_import_only_what_is_served(client: Client) -> None:
    for path in WEB.glob("*.js"):
        for name in re.findall(r'from "([^"]+)"', path.read_text()):
            assert name.startswith("./"), (path.name, name)
            async with client.get(f"/page/{name[2:]}") as answer:
                assert answer.status == 200, (path.name, name)


async def test_the_sdk_is_the_one_of_the_project(client: Client) -> None:
    assert sdk_file() == ROOT / "client_sdk" / "js" / "im.js"
    async with client.get("/page/im.js") as answer:
        assert await answer.read() == (ROOT / "client_sdk" / "js" / "im.js").read_bytes()


async def test_what_a_browser_has_is_not_sent_again(client: Client) -> None:
    async with client.get("/page/page.css") as answer:
        tag = answer.headers["ETag"]
        assert answer.headers["Cache-Control"] == "no-cache"
    for known in (tag, f'"other", {tag}', "*"):
        async with client.get("/page/page.css", headers={"If-None-Match": known}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
            assert answer.headers["ETag"] == tag
    async with client.get("/page/page.css", headers={"If-None-Match": '"other"'}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("name", ["nope.js", "..%2Fpage.py", "index.html%00", "page.py"])
async def test_nothing_else_is_served(client: Client, name: str) -> None:
    assert (await client.get(f"/page/{name}")).status == 404
