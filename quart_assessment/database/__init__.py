"""PostgreSQL: pools, transactions, and what its errors mean. Knows no room."""
