"""Files of pictures to pixels: decoded under limits, the background taken off, the ink found and centred."""
