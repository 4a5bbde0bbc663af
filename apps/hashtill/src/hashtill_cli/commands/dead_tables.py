"""Tables of `hashtill dead`; card numbers are masked, whatever a message holds."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.table import Table

from chassis.dead_letters import DeadLetter
from chassis.masking import masked
from chassis.message_headers import parse_headers

REASON_SHOWN = 60


def letters_table(found: Mapping[str, Sequence[DeadLetter]]) -> Table:
    """Show dead letters, one a row."""
    table = Table("service", "id", "at (UTC)", "consumer", "message", "tries", "state", "why")
    table.columns[4].overflow = "fold"
    for service, letters in found.items():
        for letter in letters:
            why = masked(letter.reason).partition("\n")[0][:REASON_SHOWN]
            table.add_row(
                service,
                str(letter.id),
                _moment(letter.at),
                letter.consumer,
                letter.message_id,
                str(letter.attempts),
                state_of(letter),
                why,
            )
    return table


def letter_table(service: str, letter: DeadLetter) -> Table:
    """Show one, one fact a row."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in _facts(service, letter).items():
        table.add_row(name, value)
    return table


def json_of(service: str, letter: DeadLetter) -> str:
    """Write one as a line of JSON; the body as hexadecimal digits."""
    return json.dumps(
        _facts(service, letter) | {"headers": parse_headers(letter.headers), "body_hex": letter.body.hex()}
    )


def state_of(letter: DeadLetter) -> str:
    """Say what became of it."""
    if letter.resolved_at is not None:
        return f"closed by {letter.resolved_by}"
    return f"replay asked by {letter.resolved_by}" if letter.replay_at is not None else "open"


def _facts(service: str, letter: DeadLetter) -> dict[str, str]:
    headers = parse_headers(letter.headers)
    return {
        "service": service,
        "id": str(letter.id),
        "at": letter.at.isoformat(),
        "consumer": letter.consumer,
        "message": letter.message_id,
        "type": headers.get("ce-type", ""),
        "subject": letter.subject,
        "stream": f"{letter.stream}/{letter.sequence}" if letter.stream else "",
        "trace": headers.get("traceparent", ""),
        "attempts": str(letter.attempts),
        "state": state_of(letter),
        "reason": masked(letter.reason),
        "body": masked(letter.body.decode("utf-8", "backslashreplace")),
    }


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
