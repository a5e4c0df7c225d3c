"""What every driver needs: session, lease, batch epilogue, counting."""
