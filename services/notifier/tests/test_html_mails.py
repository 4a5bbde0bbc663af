"""HTML mails are the same whether their shape is known or not, and values in them stay text."""

import mrml
import pytest

from notifier.outbound.html_mails import render_html
from notifier.outbound.templates import MAILS, SAMPLE_FACTS, Templates

TEMPLATES = Templates()


@pytest.mark.parametrize("digital", ["", "yes"])
@pytest.mark.parametrize("mail", MAILS)
def test_a_mail_filled_in_afterwards_is_the_mail_made_at_once(mail: str, digital: str) -> None:
    name = f"mails/{mail}.mjml.j2"
    facts = SAMPLE_FACTS | {"digital": digital, "title": "Größe & <b>Glanz</b>"}

    filled = [render_html(TEMPLATES, name, facts) for _ in range(2)]

    at_once = mrml.to_html(TEMPLATES.render(name, facts)).content
    assert filled[0] == filled[1]
    assert filled[0].replace('"\n>', '">') == at_once


def test_values_are_escaped_and_never_taken_for_places() -> None:
    facts = SAMPLE_FACTS | {"title": "zq0qz <script>", "merchant": "Tom & Co"}

    html = render_html(TEMPLATES, "mails/receipt.mjml.j2", facts)

    assert "zq0qz &lt;script&gt;" in html
    assert "Tom &amp; Co" in html
    assert "<script>" not in html


def test_lines_are_short_enough_for_mail() -> None:
    html = render_html(TEMPLATES, "mails/prompt.mjml.j2", SAMPLE_FACTS)

    assert max(len(line) for line in html.splitlines()) < 998
