"""The report of a campaign: a row a place with its three kinds, a row a pair, and what it all came to."""

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from tests.faults.failpoints_places import PAUSE_SECONDS, Kind, Place, Strike
from tests.faults.failpoints_round import Round

from hashtill_cli.bench.heading import heading

HEADERS = {Kind.KILL: "kill -9", Kind.PAUSE: f"pause {PAUSE_SECONDS} s", Kind.RAISE: "raise"}


def line_of(played: Round) -> str:
    """Say in a line what a round came to, and in one more each what was wrong."""
    strikes = " + ".join(str(strike) for strike in played.strikes) or "no strike"
    return "\n".join([f"{strikes}: {outcome_of(played)}", *(f"  FAIL {problem}" for problem in played.problems)])


def outcome_of(played: Round) -> str:
    """Say how long it took and what came of it; nothing more when all ended as if it had not been struck."""
    counted = {"lapsed": played.lapsed, "mail twice": played.repeats, "WRONG": len(played.problems)}
    return " · ".join([f"{played.seconds:.1f} s", *(f"{number} {what}" for what, number in counted.items() if number)])


def print_report(played: Sequence[Round], planned: Sequence[Sequence[Strike]], console: Console) -> None:
    """Print all of it."""
    console.print(_heading(), highlight=False, soft_wrap=True)
    calm = [each for each in played if not each.strikes]
    console.print(f"Without a strike: {', '.join(outcome_of(each) for each in calm)}", highlight=False)
    alone = {each.strikes[0]: each for each in played if len(each.strikes) == 1}
    if alone:
        console.print(_singles(alone))
    pairs = [each for each in played if len(each.strikes) > 1]
    if pairs:
        console.print(_pairs(pairs))
    for each in played:
        if each.problems:
            console.print(line_of(each), highlight=False, markup=False, soft_wrap=True)
    console.print(_summary(played, planned), highlight=False, soft_wrap=True)


def _heading() -> str:
    return (
        f"{heading('python -m tests.faults.failpoints')}\n"
        "Seconds: from the last strike until every story had ended, the process was back and nothing moved any more.\n"
        "lapsed: stories that ended otherwise for a legitimate reason (the window or the remorse time was over).\n"
        "mail twice: handed over again with the same Message-ID, struck between the server's 250 and our commit.\n"
    )


def _singles(alone: Mapping[Strike, Round]) -> Table:
    table = Table("service", "point", *HEADERS.values(), title="Single strikes", title_justify="left", box=box.SIMPLE)
    for place in _sorted({strike.place for strike in alone}):
        cells = (alone.get(Strike(place=place, kind=kind)) for kind in HEADERS)
        table.add_row(place.service, place.point, *(outcome_of(cell) if cell else "" for cell in cells))
    return table


def _pairs(pairs: Iterable[Round]) -> Table:
    table = Table("first", "second", "outcome", title="Pairs", title_justify="left", box=box.SIMPLE)
    for each in sorted(pairs, key=lambda played: [str(strike) for strike in played.strikes]):
        table.add_row(*(str(strike) for strike in each.strikes), outcome_of(each))
    return table


def _sorted(places: Iterable[Place]) -> list[Place]:
    return sorted(places, key=lambda place: (place.service, place.point))


def _summary(played: Sequence[Round], planned: Sequence[Sequence[Strike]]) -> str:
    struck = sorted(each.seconds for each in played if each.strikes)
    middle, longest = (struck[len(struck) // 2], struck[-1]) if struck else (0.0, 0.0)
    wrong = sum(bool(each.problems) for each in played)
    return (
        f"{len(played)} of {len(planned)} rounds played, {sum(len(each.strikes) for each in played)} strikes, "
        f"{sum(len(each.endings) for each in played)} stories: {sum(each.lapsed for each in played)} lapsed, "
        f"{sum(each.repeats for each in played)} mails twice, {wrong} rounds WRONG; "
        f"half were healed within {middle:.1f} s, all within {longest:.1f} s. `hashtill check` after every round."
    )
