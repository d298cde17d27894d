"""How fast the sandbox is, beside the same PostgreSQL without it; nothing here is a test."""
