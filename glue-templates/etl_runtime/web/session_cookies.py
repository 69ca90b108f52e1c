"""The cookies of one run, such as those that a login page sets before it redirects to the file."""

from http.cookiejar import CookieJar
from threading import Lock
from typing import Any
from urllib.request import Request

Origin = tuple[str, str, int | None]

MAX_COOKIES = 50  # per origin; browsers keep at least as many


class SessionCookies:
    """Keeps cookies in memory, and sends each cookie only to the scheme, host and port that set it.

    The Domain attribute of a cookie is ignored. Cookies are not written to logs, errors, run records or originals.
    """

    def __init__(self) -> None:
        self._jars: dict[Origin, CookieJar] = {}
        self._lock = Lock()

    def keep(self, origin: Origin, response: Any, request: Request) -> None:
        """Keep the cookies that a response to the request sets."""
        with self._lock:
            jar = self._jars.setdefault(origin, CookieJar())
            jar.extract_cookies(response, request)
            for cookie in list(jar)[:-MAX_COOKIES]:
                jar.clear(cookie.domain, cookie.path, cookie.name)

    def add_to(self, request: Request, origin: Origin) -> None:
        """Add the cookies of the origin to a request. A cookie that the dataset declares takes precedence."""
        with self._lock:
            jar = self._jars.get(origin)
            if not jar:
                return
            declared = request.get_header("Cookie", "")
            request.remove_header("Cookie")
            jar.add_cookie_header(request)
            session = request.unredirected_hdrs.pop("Cookie", "")
        names = {pair.partition("=")[0].strip() for pair in declared.split(";")}
        pairs = [declared, *(pair for pair in session.split("; ") if pair.partition("=")[0] not in names)]
        if text := "; ".join(pair for pair in pairs if pair):
            request.add_unredirected_header("Cookie", text)
