"""What wraps every route: who is calling, the envelope, refusals, headers. Knows no room."""
