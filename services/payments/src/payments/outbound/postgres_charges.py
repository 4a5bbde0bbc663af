"""Charges, operations and the ledger in PostgreSQL: every query a named method."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import columns_of, execute_unnest, fetch_unnest
from kernel.ids import ChargeId, OrderId
from payments.domain.charge import Charge
from payments.domain.ledger import EnteredTransfer, Transfer
from payments.domain.operation import Operation, OperationKind
from payments.outbound.rows import (
    CHANGED_CHARGE,
    CHANGED_OPERATION,
    CHARGE_CHANGES,
    CHARGE_COLUMNS,
    CHARGE_TYPES,
    OPERATION_CHANGES,
    OPERATION_COLUMNS,
    OPERATION_TYPES,
    TRANSFER_COLUMNS,
    TRANSFER_TYPES,
    arrays,
    charge_of_row,
    operation_of_row,
    row_of_charge,
    row_of_operation,
    row_of_transfer,
    transfer_of_row,
)

_BY_IDS = f"SELECT {CHARGE_COLUMNS} FROM charge WHERE charge_id = ANY($1::uuid[])"

_LOCKED = f"{_BY_IDS} ORDER BY charge_id FOR UPDATE"

_EXPIRED = f"""
SELECT {CHARGE_COLUMNS} FROM charge WHERE state = 'AUTHORIZED' AND expires_at <= $1
ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""

_ADD_CHARGES = f"""
INSERT INTO charge ({CHARGE_COLUMNS}) SELECT * FROM unnest({arrays(CHARGE_TYPES)}) AS given ({CHARGE_COLUMNS})
ORDER BY given.charge_id ON CONFLICT DO NOTHING RETURNING charge_id
"""

_SAVE_CHARGES = f"""
UPDATE charge SET {", ".join(f"{name} = given.{name}" for name in CHARGE_CHANGES)}
FROM unnest({arrays(CHANGED_CHARGE.types)}) AS given ({CHANGED_CHARGE.columns})
WHERE charge.charge_id = given.charge_id AND charge.version < given.version
"""

_BY_KEY = f"SELECT {OPERATION_COLUMNS} FROM operation WHERE key = $1"

_OPEN = f"SELECT {OPERATION_COLUMNS} FROM operation WHERE key = ANY($1::text[]) AND state NOT IN ('OK', 'FAILED')"

_DUE = f"""
SELECT {OPERATION_COLUMNS} FROM operation WHERE due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""

_UNSETTLED = """
SELECT DISTINCT charge.order_id FROM operation JOIN charge USING (charge_id)
WHERE operation.state NOT IN ('OK', 'FAILED')
"""

_UNSETTLED_SINCE = """
SELECT kind, count(*) AS operations FROM operation
WHERE state NOT IN ('OK', 'FAILED') AND begun_at < $1::timestamptz GROUP BY kind
"""

_ADD_OPERATIONS = f"INSERT INTO operation ({OPERATION_COLUMNS}) SELECT * FROM unnest({arrays(OPERATION_TYPES)})"

_SAVE_OPERATIONS = f"""
UPDATE operation SET {", ".join(f"{name} = given.{name}" for name in OPERATION_CHANGES)}
FROM unnest({arrays(CHANGED_OPERATION.types)}) AS given ({CHANGED_OPERATION.columns})
WHERE operation.key = given.key
"""

_ADD_TRANSFERS = f"INSERT INTO transfer ({TRANSFER_COLUMNS}) SELECT * FROM unnest({arrays(TRANSFER_TYPES)})"

_PAGE = f"""
SELECT sequence, {TRANSFER_COLUMNS} FROM transfer
WHERE sequence > $1 AND ($2::uuid IS NULL OR order_id = $2) ORDER BY sequence LIMIT $3
"""


class PostgresCharges:
    """The charges of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_ids(self, charge_ids: Collection[ChargeId]) -> Mapping[ChargeId, Charge]:
        """Load charges; unknown ids are left out."""
        return await self._load(_BY_IDS, charge_ids)

    async def locked(self, charge_ids: Collection[ChargeId]) -> Mapping[ChargeId, Charge]:
        """Load charges to change them, locked in the order of their ids until the transaction ends."""
        return await self._load(_LOCKED, charge_ids)

    async def expired(self, *, at: datetime, limit: int) -> Sequence[Charge]:
        """Load and lock AUTHORIZED charges whose time is over, passing by those locked elsewhere."""
        return [charge_of_row(row) for row in await fetch_unnest(self._connection, _EXPIRED, at, limit)]

    async def add(self, charges: Sequence[Charge]) -> set[ChargeId]:
        """Write new charges in the order of their ids; what another transaction wrote first is waited for."""
        if not charges:
            return set()
        columns = columns_of([row_of_charge(charge) for charge in charges], count=len(CHARGE_TYPES))
        rows = await fetch_unnest(self._connection, _ADD_CHARGES, *columns)
        return {ChargeId(row["charge_id"]) for row in rows}

    async def save(self, charges: Sequence[Charge]) -> None:
        """Write the newer version of locked charges."""
        if charges:
            rows = [CHANGED_CHARGE.of_row(row_of_charge(charge)) for charge in charges]
            columns = columns_of(rows, count=len(CHANGED_CHARGE.types))
            await execute_unnest(self._connection, _SAVE_CHARGES, *columns)

    async def _load(self, statement: str, charge_ids: Collection[ChargeId]) -> Mapping[ChargeId, Charge]:
        if not charge_ids:
            return {}
        rows = await fetch_unnest(self._connection, statement, list(charge_ids))
        return {ChargeId(row["charge_id"]): charge_of_row(row) for row in rows}


class PostgresOperations:
    """The operations of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_key(self, key: str) -> Operation | None:
        """Load one by its idempotency key."""
        rows = await fetch_unnest(self._connection, _BY_KEY, key)
        return operation_of_row(rows[0]) if rows else None

    async def open(self, keys: Collection[str]) -> Mapping[str, Operation]:
        """Load those of these keys whose outcome is not known; call it when their charges are locked."""
        rows = await fetch_unnest(self._connection, _OPEN, list(keys))
        return {row["key"]: operation_of_row(row) for row in rows}

    async def due(self, *, at: datetime, limit: int) -> Sequence[Operation]:
        """Load and lock operations to be sent or asked for, oldest first, passing by those locked elsewhere."""
        return [operation_of_row(row) for row in await fetch_unnest(self._connection, _DUE, at, limit)]

    async def unsettled(self) -> set[OrderId]:
        """Give the orders with an operation whose outcome is not known, given up ones too."""
        return {OrderId(row["order_id"]) for row in await fetch_unnest(self._connection, _UNSETTLED)}

    async def unsettled_since(self, at: datetime) -> Mapping[OperationKind, int]:
        """Count those begun before and without a known outcome, given up ones too."""
        rows = await fetch_unnest(self._connection, _UNSETTLED_SINCE, at)
        return {OperationKind(row["kind"]): row["operations"] for row in rows}

    async def add(self, operations: Sequence[Operation]) -> None:
        """Write new operations."""
        if operations:
            columns = columns_of([row_of_operation(each) for each in operations], count=len(OPERATION_TYPES))
            await execute_unnest(self._connection, _ADD_OPERATIONS, *columns)

    async def save(self, operations: Sequence[Operation]) -> None:
        """Write how far operations are."""
        if operations:
            rows = [CHANGED_OPERATION.of_row(row_of_operation(each)) for each in operations]
            await execute_unnest(
                self._connection, _SAVE_OPERATIONS, *columns_of(rows, count=len(CHANGED_OPERATION.types))
            )


class PostgresLedger:
    """The ledger of one transaction; a trigger refuses any change of what was entered."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, transfers: Sequence[Transfer]) -> None:
        """Enter transfers."""
        if transfers:
            columns = columns_of([row_of_transfer(each) for each in transfers], count=len(TRANSFER_TYPES))
            await execute_unnest(self._connection, _ADD_TRANSFERS, *columns)

    async def page(self, *, order_id: OrderId | None, after: int, limit: int) -> Sequence[EnteredTransfer]:
        """Load transfers behind a place, oldest first."""
        rows = await fetch_unnest(self._connection, _PAGE, after, order_id, limit)
        return [transfer_of_row(row) for row in rows]
