"""SURT keys: each as the ``surt`` library (0.3.1) of the Internet Archive gave it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.export.surt import surt


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ('https://www.example.com/', 'com,example)/'),
        ('http://www2.example.com/a', 'com,example)/a'),
        ('https://www123.Example.com:443/A/B/', 'com,example)/a/b'),
        ('http://example.com:443/x', 'com,example:443)/x'),
        ('https://example.com:80/x', 'com,example:80)/x'),
        ('http://example.com:8080/x', 'com,example:8080)/x'),
        ('https://a.example/?b=2&a=1', 'example,a)/?a=1&b=2'),
        ('https://a.example/?b=2&a=1&a=0&c', 'example,a)/?a=0&a=1&b=2&c'),
        ('https://a.example/p?', 'example,a)/p'),
        ('https://a.example/p?&', 'example,a)/p?&'),
        ('https://a.example/p?=', 'example,a)/p?='),
        ('https://a.example/p?a&a=', 'example,a)/p?a&a='),
        ('https://a.example//x//y//', 'example,a)/x/y'),
        ('https://a.example/x/./y/../z/', 'example,a)/x/z'),
        ('https://a.example/../x', 'example,a)/../x'),
        ('https://a.example/x/..', 'example,a)/'),
        ('https://a.example/é', 'example,a)/%c3%a9'),
        ('https://a.example/%C3%A9', 'example,a)/%c3%a9'),
        ('https://a.example/%c3%a9?q=%C3%A9', 'example,a)/%c3%a9?q=%c3%a9'),
        ('https://a.example/?q=é ü', 'example,a)/?q=%c3%a9%20%c3%bc'),
        ('https://a.example/a%252Fb', 'example,a)/a/b'),
        ('https://a.example/a%2Fb', 'example,a)/a/b'),
        ('https://a.example/100%', 'example,a)/100%25'),
        ('https://bücher.example/Straße', 'example,xn--bcher-kva)/stra%c3%9fe'),
        ('https://xn--bcher-kva.example/', 'example,xn--bcher-kva)/'),
        ('https://a.example/x;jsessionid=0123456789abcdef0123456789ABCDEF', 'example,a)/x;jsessionid=0123456789abcdef0123456789abcdef'),
        ('https://a.example/x?jsessionid=0123456789abcdef0123456789ABCDEF', 'example,a)/x'),
        ('https://a.example/x?a=1&jsessionid=0123456789abcdef0123456789ABCDEF&b=2', 'example,a)/x?a=1&b=2'),
        ('https://a.example/x?a=1&PHPSESSID=0123456789abcdef0123456789ABCDEF', 'example,a)/x?&a=1'),
        ('https://a.example/x?sid=0123456789abcdef0123456789ABCDEF&z=1&y=2', 'example,a)/x?y=2&z=1'),
        ('https://a.example/x?ASPSESSIONIDABCDEFGH=ABCDEFGHABCDEFGHABCDEFGH&z=1', 'example,a)/x?z=1'),
        ('https://a.example/x?cfid=12&cftoken=34&z=1', 'example,a)/x?z=1'),
        ('https://a.example/(S(0123456789abcdefghijklmn))/x.aspx', 'example,a)/x.aspx'),
        ('https://a.example/(0123456789abcdefghijklmn)/x.aspx?q', 'example,a)/x.aspx?q'),
        ('https://a.example/(a(0123456789abcdefghijklmn)b(0123456789abcdefghijklmn))/x/y.aspx', 'example,a)/x/y.aspx'),
        ('https://user:pw@a.example/x', 'example,a)/x'),
        ('https://a.example:/x', 'example,a)/x'),
        ('https://a.example./x', 'example,a)/x'),
        ('https://a..example/x', 'example,a)/x'),
        ('http://127.0.0.1:8000/x', '1,0,0,127:8000)/x'),
        ('http://[::1]:8080/x', '::1:8080)/x'),
        ('http://2130706433/x', '1,0,0,127)/x'),
        ('http://0177.0.0.1/x', '1,0,0,127)/x'),
        ('http://127.1/x', '1,0,0,127)/x'),
        ('http://https://a.example/x', 'example,a)/x'),
        ('https://a.example/x#frag', 'example,a)/x'),
        ('https://a.example/x?q#!frag', 'example,a)/x?q'),
        ('https://a.example?x=1', 'example,a)/?x=1'),
        ('https://a.example', 'example,a)/'),
        ('https://A.EXAMPLE/UPPER?Q=UP', 'example,a)/upper?q=up'),
        ('https://a.example/a b', 'example,a)/a%20b'),
        ('https://a.example/a+b?c+d', 'example,a)/a+b?c+d'),
        ('https://a.example/~x/%7Ey', 'example,a)/~x/~y'),
        ('https://a.example/"x\'', 'example,a)/"x\''),
        ('https://a.example/x\\y', 'example,a)/x\\y'),
        ('https://a.example/x|y', 'example,a)/x|y'),
        ('https://a.example/?u=http://b.example/?x=1&y=2', 'example,a)/?u=http://b.example/?x=1&y=2'),
        ('https://a.example/?a=1;b=2', 'example,a)/?a=1;b=2'),
        ('https://a.example/?b&a&&c', 'example,a)/?&a&b&c'),
        ('https://a.example/東京?東=京', 'example,a)/%e6%9d%b1%e4%ba%ac?%e6%9d%b1=%e4%ba%ac'),
        ('https://example.com/x?sid=0123456789abcdef0123456789ABCDEF1', 'com,example)/x?sid=0123456789abcdef0123456789abcdef1'),
        ('https://www.example.co.uk/', 'uk,co,example)/'),
        ('https://www.www.example.com/', 'com,example,www)/'),
        ('https://wwwx.example.com/', 'com,example,wwwx)/'),
        ('https://a.example/x?utm_source=1', 'example,a)/x?utm_source=1'),
        ('https://a.example/%', 'example,a)/%25'),
        ('https://a.example/%zz', 'example,a)/%25zz'),
        ('https://a.example/x//', 'example,a)/x'),
        ('https://a.example//', 'example,a)/'),
        ('https://a.example/.', 'example,a)/'),
        ('https://a.example/..', 'example,a)/..'),
        ('https://a_b.example/', 'example,a_b)/'),
        ('https://a.example:0443/', 'example,a)/'),
        ('https://a.example/\xad', 'example,a)/%c2%ad'),
        ('https://a.example/a%00b', 'example,a)/a%00b'),
        ('https://a.example/a%23b?c%23d', 'example,a)/a%23b?c%23d'),
        ('https://a.example/a%3Fb', 'example,a)/a?b'),
        ('https://a.example/x?a=%26b', 'example,a)/x?a=&b'),
        ('HTTP://A.example:80/', 'example,a)/'),
    ],
)  # fmt: skip
def test_keys_are_those_of_the_library(url: str, key: str) -> None:
    assert surt(url) == key


@given(st.text(max_size=60))
def test_any_text_has_a_key(text: str) -> None:
    surt(f"https://herald.example/{text}")
    surt(text)
