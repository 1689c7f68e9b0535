"""How replies are made, kept beside them: by what, with what, of how many tokens, and when."""
