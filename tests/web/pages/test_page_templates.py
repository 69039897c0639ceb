"""Templates keep to the rules that the headers set: nothing inline, everything escaped."""

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from earshot.web.pages.page_templates import _templates, page

SCRIPTS = sorted((Path(__file__).parents[3] / "web").rglob("*.js"))
TEMPLATES = sorted((Path(__file__).parents[3] / "web").rglob("*.html"))


def test_values_are_escaped():
    content = page(None, "failure.html", sentence='<img src=x onerror="alert(1)">').body.decode()
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;" in content and "<img" not in content


def test_a_value_that_lacks_is_an_error():
    with pytest.raises(UndefinedError):
        _templates().get_template("failure.html").render(request=None)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_a_script_or_style_within_or_trusts_a_value(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=|javascript:|\|\s*safe|autoescape", text)
    assert not re.search(r"(src|href|action)=.?(https?:)?//", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_html_or_code_of_text(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc", text)
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)
