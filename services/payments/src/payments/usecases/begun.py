"""What beginning gives: the charge as it stands, and the instruction that whoever began it now sends."""

from dataclasses import dataclass

from payments.domain.charge import Charge
from payments.domain.instruction import Instruction, instruct
from payments.domain.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A charge, and what is to be sent for it; without an instruction the charge is the answer."""

    charge: Charge
    instruction: Instruction | None = None


def begun(step: Step) -> Begun:
    """Give what a step that needs no card began: a capture, a void or a refund."""
    instruction = None if step.operation is None else instruct(step.operation, step.charge, cards={})
    return Begun(charge=step.charge, instruction=instruction)
