"""Many photos, and the frames of videos: found and named, worked through with their stages overlapped, recorded."""
