"""Which focal length a photo's camera has."""
