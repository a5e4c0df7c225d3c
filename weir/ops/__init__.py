"""The life of a stream: declaration, lease, launch."""
