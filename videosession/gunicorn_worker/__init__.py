"""gunicorn's worker: how requests are received and answers sent. Knows no Flask, no session and no database."""
