"""Where waiting jobs stand in the queue once a person has moved them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from ingest_desktop.infrastructure.ledger_schema import QUEUED_SQL

_Place = tuple[int, int]  # priority, queue position


def move_to_end(connection: Connection, rows: Sequence[Sequence[Any]], first: int, *, top: bool) -> dict[int, _Place]:
    """New places for (id, priority, position) rows, in their order, from position ``first`` on, before or behind all."""
    extreme = "max" if top else "min"
    sql = f"SELECT {extreme}(priority) FROM ingest_jobs INDEXED BY ix_waiting WHERE {QUEUED_SQL}"
    priority = connection.exec_driver_sql(sql).scalar_one()
    return {row[0]: (priority, first + number) for number, row in enumerate(rows)}


def move_one_step(connection: Connection, rows: Sequence[Sequence[Any]], *, down: bool) -> dict[int, _Place]:
    """New places of the rows and of the neighbours they change with. A run of chosen rows moves as one."""
    chosen = {row[0] for row in rows}
    places: dict[int, _Place] = {row[0]: (row[1], row[2]) for row in rows}
    moved: dict[int, _Place] = {}
    stuck: set[int] = set()
    for job, _, _ in reversed(rows) if down else rows:
        neighbour = _neighbour(connection, job, places[job], down=down)
        if neighbour is None or (neighbour[0] in chosen and neighbour[0] in stuck):
            stuck.add(job)
            continue
        other, place = neighbour
        moved[job], moved[other] = place, places[job]
        places[job], places[other] = place, moved[other]
        _write(connection, moved, (job, other))
    return moved


def _neighbour(connection: Connection, job: int, place: _Place, *, down: bool) -> tuple[int, _Place] | None:
    priority, position = place
    sign, order = (
        ("<", "priority DESC, queue_position, id") if down else (">", "priority, queue_position DESC, id DESC")
    )
    turn = ">" if down else "<"
    row = connection.exec_driver_sql(
        f"SELECT id, priority, queue_position FROM ingest_jobs INDEXED BY ix_waiting WHERE {QUEUED_SQL} "
        f"AND priority = ?1 AND (queue_position, id) {turn} (?2, ?3) "
        f"ORDER BY {order} LIMIT 1",
        (priority, position, job),
    ).first()
    if row is None:
        row = connection.exec_driver_sql(
            f"SELECT id, priority, queue_position FROM ingest_jobs INDEXED BY ix_waiting WHERE {QUEUED_SQL} "
            f"AND priority {sign} ? ORDER BY {order} LIMIT 1",
            (priority,),
        ).first()
    return None if row is None else (row[0], (row[1], row[2]))


def _write(connection: Connection, moved: dict[int, _Place], jobs: tuple[int, ...]) -> None:
    # At once: the next neighbour is looked up in the order that this step made.
    connection.exec_driver_sql(
        "UPDATE ingest_jobs SET priority = ?, queue_position = ? WHERE id = ?", [(*moved[job], job) for job in jobs]
    )
