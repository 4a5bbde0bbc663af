from statistics import median

from tests.tidy import measure
from tests.tidy.tree import functions, measured


def test_half_of_the_functions_are_seen_at_a_glance() -> None:
    assert median(function.body_lines for function in functions()) <= measure.BODY_MEDIAN_MAX


def test_nine_of_ten_functions_are_short() -> None:
    assert measure.p90([function.body_lines for function in functions()]) <= measure.BODY_P90_MAX


def test_no_function_is_longer_than_a_screen() -> None:
    longer = [f"{each.where}: {each.body_lines} lines" for each in functions() if each.body_lines > measure.BODY_MAX]

    assert not longer, "\n".join(longer)


def test_no_function_branches_too_often() -> None:
    more = [f"{each.where}: {each.branches}" for each in functions() if each.branches > measure.BRANCHES_MAX]

    assert not more, "\n".join(more)


def test_nine_of_ten_files_are_short() -> None:
    assert measure.p90([source.lines for source in measured()]) <= measure.FILE_P90_MAX


def test_no_file_is_long() -> None:
    longer = [f"{source.path}: {source.lines} lines" for source in measured() if source.lines > measure.FILE_MAX]

    assert not longer, "\n".join(longer)
