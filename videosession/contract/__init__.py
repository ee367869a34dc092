"""What an operation takes and gives. Knows no token, no session and no database."""
