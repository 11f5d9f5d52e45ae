"""Frames of a video in, frames out."""
