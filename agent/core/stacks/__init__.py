"""Stacks: what credentials count towards a declared target, why, and what to earn next (domain.md §4).

``plan`` is the way in: `rules` looks at one member alone, `routes` at the ways of recognition, `assignment`
finds the best way to share members out (with `solver`), `result` is what comes out, `pathway` says what next.
"""

from __future__ import annotations

from agent.core.stacks.plan import plan
from agent.core.stacks.result import MemberPlan, PlacePlan, StackPlan
from agent.core.stacks.rules import Member
from issuer_profiles.targets import Target

__all__ = ["Member", "MemberPlan", "PlacePlan", "StackPlan", "Target", "plan"]
