"""What operations accept and return. Knows no tokens, no sessions and no database."""
