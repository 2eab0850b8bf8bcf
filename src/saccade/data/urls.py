"""What is a URL, which ones are fetched, and what of one may be shown.

https://me:secret@host/1.jpg?v=2&X-Amz-Signature=f00    is called    https://host/1.jpg?v=2
"""

import hashlib
import re

from saccade.core.errors import BadData

SCHEMES = ("gs", "s3", "https", "http")

_URL = re.compile(r"(?i)(?P<scheme>[a-z][a-z0-9+.-]*)(://|::)|(data|file):")
_CHAINED = re.compile(r"(?i)::[a-z][a-z0-9+.-]*://")
_USER = re.compile(r"//[^/?#\s]*@")
# Of a signature and nothing else: the same picture signed anew is the same picture.
_SIGNATURE = re.compile(
    r"(?i)(x-(amz|goog)-.*|signature|sig|expires|key-pair-id|awsaccesskeyid|googleaccessid)"
)
_SECRET_NAME = re.compile(r"(?i)sig|token|key|secret|pass|pwd|auth|cred|policy|session|user")
_PLAIN_VALUE = re.compile(r"[\w./-]{0,16}")


def is_url(text: str) -> bool:
    """Whether this is meant as a URL, of whatever scheme, and not as a path.

    >>> is_url("https://example.org/1.jpg"), is_url("zip::a"), is_url("C:/1.jpg"), is_url("a:b.jpg")
    (True, True, False, False)
    """
    return _URL.match(text) is not None


def scheme_of(url: str) -> str:
    """One of `SCHEMES`.

    Raises:
        BadData: it is another, or several chained; the reason only.
    """
    match = _URL.match(url)
    scheme = match["scheme"] if match else None
    if scheme is None or scheme.lower() not in SCHEMES or match is None or match[2] != "://":
        known = ", ".join(f"{one}://" for one in SCHEMES)
        raise BadData(f"a URL that is not fetched: only {known} are")
    if _CHAINED.search(url):
        raise BadData("a URL inside another, which is not fetched")
    return scheme.lower()


def host_of(url: str) -> str:
    """The host, or the bucket.

    >>> host_of("https://example.org:8000/1.jpg"), host_of("s3://bucket/1.jpg")
    ('example.org:8000', 'bucket')
    """
    return re.split(r"[/?#]", url.partition("://")[2])[0].rpartition("@")[2]


def public(url: str) -> str:
    """A URL as it may be shown: no user, no password, no signature. Two pictures stay two.

    Of values that may be secret a digest stands there. What is no URL is left as it is.

    >>> public("https://me:secret@example.org/1.jpg?v=2&X-Amz-Date=1&X-Amz-Signature=f00")
    'https://example.org/1.jpg?v=2'
    >>> public("https://example.org/?token=f00")
    'https://example.org/?token=~f2231ac84a938e28'
    """
    if not is_url(url):
        return url
    if url[:5].lower() == "data:":
        return "data:..."
    # No server is told what stands after a #; in a bucket it is a part of a name.
    whole = url.partition("#")[0] if url[:4].lower() == "http" else url
    head, _, query = whole.partition("?")
    shown = [_shown(each) for each in query.split("&") if not _signs(each)]
    return _USER.sub("//", head) + ("?" + "&".join(shown) if any(shown) else "")


def without_secrets(text: str) -> str:
    """A text in which every URL is as it may be shown.

    >>> without_secrets("cat;s3://me:secret@bucket/1.jpg 7")
    'cat;s3://bucket/1.jpg 7'
    """
    return re.sub(r"(?i)[a-z][a-z0-9+.-]*:(//|:)\S+", lambda match: public(match[0]), text)


def _signs(parameter: str) -> bool:
    return _SIGNATURE.fullmatch(parameter.partition("=")[0]) is not None


def _shown(parameter: str) -> str:
    name, mark, value = parameter.partition("=")
    if not mark:
        name, value = "", name
    if _PLAIN_VALUE.fullmatch(value) and not _SECRET_NAME.search(name):
        return parameter
    digest = hashlib.blake2b(value.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return f"{name}{mark}~{digest}"
