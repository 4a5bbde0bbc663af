from tools.reference.pages import stale


def test_the_reference_is_what_make_docs_draws_now() -> None:
    different = stale()

    assert not different, f"Run `make docs` and commit: {', '.join(different)}"
