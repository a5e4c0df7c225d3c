"""Parts of the window-count benchmark."""
