"""Relative or metric depth, together with what is known, to metric depth with error bars."""
