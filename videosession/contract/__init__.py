"""What an operation takes and returns. Knows no token, no session and no database."""
