"""The page: the files of `balancer/web/`, and the browser SDK that they use. It knows no cluster.

The SDK lies in a package that this one must not import: its file is looked up by name, and nothing
of it runs here.
"""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from aiohttp import web

_WEB = Path(__file__).parent / "web"
_SDK = Path("js", "im.js")

_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

# Nothing from elsewhere, nothing within the HTML; the nodes are at addresses of their own.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self' ws: wss:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Kept, but asked for anew each time: the files belong together, and to this version.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file as it is served.

    Attributes:
        body: what it holds.
        type: its media type.
        tag: another one for another body.
    """

    body: bytes
    type: str
    tag: str


class Page:
    """Serves the page's files out of memory."""

    def __init__(self) -> None:
        paths = [path for path in sorted(_WEB.iterdir()) if path.suffix in _TYPES]
        sdk = sdk_file()
        if sdk is not None:
            paths.append(sdk)
        # By name, read once: a balancer that is updated while it runs must not mix versions.
        self._files = {path.name: read_file(path) for path in paths}

    def add_routes(self, app: web.Application) -> None:
        """Add the files' routes to an application; `/` is up to the caller, with `home`."""
        app.router.add_get("/page/{name}", self._file)

    def home(self, request: web.Request) -> web.Response:
        """Return the page itself."""
        return self._answer(request, self._files["index.html"])

    async def _file(self, request: web.Request) -> web.Response:
        found = self._files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return self._answer(request, found)

    def _answer(self, request: web.Request, file: WebFile) -> web.Response:
        headers = _HEADERS | {"ETag": f'"{file.tag}"', "Vary": "Accept"}
        if any(tag.value in (file.tag, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=file.body, content_type=file.type, charset="utf-8", headers=headers
        )


def wants_page(request: web.Request) -> bool:
    """Tell whether it is a browser that asks: `curl` and others name no HTML."""
    return "text/html" in request.headers.get("Accept", "")


def read_file(path: Path) -> WebFile:
    """Read a file of the page."""
    body = path.read_bytes()
    return WebFile(body, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:16])


def sdk_file() -> Path | None:
    """Return where the browser SDK is; None where only the balancer is installed."""
    spec = find_spec("client_sdk")
    for folder in (spec and spec.submodule_search_locations) or ():
        if (Path(folder) / _SDK).is_file():
            return Path(folder) / _SDK
    return None
