"""What the control room shows: every stream and collector, and one stream closely."""
