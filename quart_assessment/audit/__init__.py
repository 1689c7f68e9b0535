"""Who saw or changed what: a row in the same transaction as what it tells of."""
