"""What of a URL is shown: enough to tell two pictures apart, and no secret."""

import pytest

from saccade.core.errors import BadData
from saccade.data.urls import SCHEMES, is_url, public, scheme_of, without_secrets


@pytest.mark.parametrize(
    "path", ["a/b.png", "C:/b.png", "C:\\b.png", "a:b.png", "what?.png", "//a"]
)
def test_a_path_is_no_url_and_is_shown_as_it_is(path):
    assert not is_url(path)
    assert public(path) == path


@pytest.mark.parametrize("scheme", SCHEMES)
def test_schemes_are_read_in_any_case(scheme):
    assert scheme_of(f"{scheme.upper()}://host/1.png") == scheme


@pytest.mark.parametrize("url", ["ftp://h/1", "zip::https://h/1", "https::a", "file:/1", "data:,"])
def test_others_are_refused(url):
    with pytest.raises(BadData, match="only gs://, s3://, https://, http:// are"):
        scheme_of(url)


def test_an_ipv6_host_is_no_chain():
    assert scheme_of("http://[::1]:8000/1.png") == "http"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:s3@cret@h/1.png#x?y", "https://h/1.png"),
        ("https://h/p@1.png", "https://h/p@1.png"),
        ("https://h/?id=7&sig=x", "https://h/?id=7"),
        ("https://h/1.png?Expires=1&Signature=x&Key-Pair-Id=x", "https://h/1.png"),
        ("s3://bucket/a#1.png", "s3://bucket/a#1.png"),
        ("ftp://me:s3cret@h/1", "ftp://h/1"),
        ("simplecache::https://me:s3cret@h/1", "simplecache::https://h/1"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url, shown):
    assert public(url) == shown
    assert without_secrets(f"row 1: {url}") == f"row 1: {shown}"


def test_a_picture_that_stands_in_its_url_is_not_repeated():
    assert public("data:image/png;base64,AAAA") == "data:..."


@pytest.mark.parametrize("parameter", ["key=cats", "id=0123456789abcdef0123", "token=1", "q=a b;c"])
def test_what_may_be_a_secret_is_a_digest_that_tells_pictures_apart(parameter):
    one, other = public(f"https://h/?{parameter}"), public(f"https://h/?{parameter}2")
    assert one != other
    assert parameter.partition("=")[2] not in one
