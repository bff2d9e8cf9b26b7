"""The full-screen app: one action table, screens and widgets over the store."""
