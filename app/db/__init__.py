"""SQLAlchemy tables and all SQL. Nothing outside this package writes any."""
