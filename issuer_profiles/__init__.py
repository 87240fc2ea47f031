"""Illustrative issuer profiles, micro-credential templates and stack targets, as data with a loader."""

from __future__ import annotations

from issuer_profiles.catalogue import Catalogue
from issuer_profiles.errors import ProfileError
from issuer_profiles.loader import (
    list_profiles,
    load_issuer_targets,
    load_profile,
    load_target,
    load_targets,
    load_template,
    load_templates,
    load_versions,
)
from issuer_profiles.models import Profile, Template
from issuer_profiles.targets import Target
from issuer_profiles.versions import Version

__all__ = [
    "Catalogue",
    "Profile",
    "ProfileError",
    "Target",
    "Template",
    "Version",
    "list_profiles",
    "load_issuer_targets",
    "load_profile",
    "load_target",
    "load_targets",
    "load_template",
    "load_templates",
    "load_versions",
]
