"""How processes serve: Gunicorn, its worker, HTTP connections and request bodies. Knows no room."""
