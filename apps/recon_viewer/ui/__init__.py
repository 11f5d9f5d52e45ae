"""Widgets, menus, keys."""
