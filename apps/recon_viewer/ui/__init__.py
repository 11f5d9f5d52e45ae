"""Widgets, menus and keys."""
