from hashtill_cli.scenarios.world.forms import read_html

PAGE = """
<title> Add a card </title><script>var x = "<form action='/no'>";</script>
<p>Hello &amp; welcome</p>
<form method="post" action="/card?x=1">
  <input type="hidden" name="token" value="t1">
  <input name="number"><input type="checkbox" name="agree" value="yes">
  <input type="radio" name="who" value="1"><input type="radio" name="who" value="2" checked>
  <select name="country"><option value="US">US</option><option value="GB" selected>GB</option></select>
  <textarea name="note"></textarea><input type="submit" value="no field">
  <button name="decision" value="deny">No</button><button name="decision" value="allow">Yes,
    please</button>
</form>
<form action="/search"><input name="q"></form>
"""


def test_a_page_gives_its_words_title_and_forms_and_no_script() -> None:
    reading = read_html(PAGE)

    assert reading.title == "Add a card"
    assert "Hello & welcome" in reading.text
    assert "var x" not in reading.text
    assert [(form.action, form.method) for form in reading.forms] == [("/card?x=1", "post"), ("/search", "get")]


def test_a_form_is_filled_as_a_browser_fills_it() -> None:
    form = read_html(PAGE).forms[0]

    sent = form.filled({"number": "4"}, tick=True, button="Yes, please")

    assert sent == {
        "token": "t1", "number": "4", "agree": "yes", "who": "2", "country": "GB", "note": "", "decision": "allow",
    }  # fmt: skip


def test_a_box_that_is_not_ticked_and_a_button_that_is_not_pressed_are_not_sent() -> None:
    form = read_html(PAGE).forms[0]

    sent = form.filled({})

    assert "agree" not in sent
    assert "decision" not in sent
