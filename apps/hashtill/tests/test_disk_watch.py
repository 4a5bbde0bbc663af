from pathlib import Path

from hashtill_cli.supervisor.disk_watch import ENOUGH_MB, LOW_MB, DiskWatch


def said_of(*free_mb: int, every_seconds: float = 0.0) -> list[str]:
    """Look once for each amount of free space."""
    said: list[str] = []
    left = iter(free_mb)
    watch = DiskWatch(Path("/data"), tell=said.append, free=lambda _: next(left), every_seconds=every_seconds)
    for _ in free_mb:
        watch.look()
    return said


def test_a_disk_that_fills_is_told_once_with_the_remedy_and_once_more_when_there_is_room() -> None:
    said = said_of(1_000, LOW_MB - 1, 0, LOW_MB + 1, ENOUGH_MB - 1, ENOUGH_MB, 5)

    assert [words.partition(":")[0] for words in said] == [
        "The disk of /data is nearly full (63 MB free)",
        "There is room again on the disk of /data (128 MB free).",
        "The disk of /data is nearly full (5 MB free)",
    ]
    assert "free some space" in said[0]


def test_it_looks_no_more_often_than_it_must() -> None:
    assert len(said_of(0, ENOUGH_MB, 0, every_seconds=3_600)) == 1
