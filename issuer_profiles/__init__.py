"""Illustrative issuer profiles, micro-credential templates and stack targets, as data with a loader."""

from __future__ import annotations

from issuer_profiles.errors import ProfileError
from issuer_profiles.loader import (
    list_profiles,
    load_profile,
    load_target,
    load_targets,
    load_template,
    load_templates,
)
from issuer_profiles.models import Profile, Template
from issuer_profiles.targets import Target

__all__ = [
    "Profile",
    "ProfileError",
    "Target",
    "Template",
    "list_profiles",
    "load_profile",
    "load_target",
    "load_targets",
    "load_template",
    "load_templates",
]
