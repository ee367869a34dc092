"""The page at /: one file that gets nothing from elsewhere. (See player/test_home_page.py for it in a browser.)"""

import re
from base64 import b64encode
from hashlib import sha256


def test_the_home_pages_policy_allows_only_its_own_script_and_style(shared_app):
    get = shared_app.test_client().get
    answer = get("/")
    policy = dict(rule.split(maxsplit=1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        [content] = re.findall(f"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)
        assert policy[rule] == f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert not re.search(r"""(?:src|href|url\()=?["']?(?:https?:)?//""", answer.text)
    assert get("/", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
